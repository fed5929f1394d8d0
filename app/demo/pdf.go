package demo

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"strings"
	"time"
	"unicode/utf16"
)

// A page of the made-up documents, in points.
const (
	pageWidth, pageHeight = 595, 842
	marginLeft, marginTop = 64, 70
	textWidth             = pageWidth - 2*marginLeft
)

// letter is a document of a few pages on the paper of a company.
type letter struct {
	company, address string
	title, lang      string
	facts            [][2]string // under the title: what, value
	body             [][2]string // heading, text
	signer, function string
	made             time.Time
	colour           [3]float64
}

// pdf writes the document with the fonts that every reader has. It is small and the same
// each time.
func (l letter) pdf() []byte {
	p := &page{font: map[rune]byte{}}
	pages := l.pages(p)
	var b bytes.Buffer
	var offsets []int
	object := func(format string, args ...any) {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n", len(offsets))
		fmt.Fprintf(&b, format, args...)
		b.WriteString("\nendobj\n")
	}
	b.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	const first = 8 // objects before the pages
	var kids []string
	for i := range pages {
		kids = append(kids, fmt.Sprintf("%d 0 R", first+2*i))
	}
	object("<< /Type /Catalog /Pages 2 0 R /Lang (%s) >>", l.lang)
	object("<< /Type /Pages /Kids [%s] /Count %d >>", strings.Join(kids, " "), len(pages))
	object("<< /Title %s /Author %s /CreationDate (D:%s) >>", hexText(l.title), hexText(l.company), l.made.UTC().Format("20060102150405Z"))
	object("<< /Type /Encoding /BaseEncoding /WinAnsiEncoding /Differences [%s] >>", p.differences())
	for _, name := range []string{"Helvetica", "Helvetica-Bold"} {
		object("<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding 4 0 R /ToUnicode 7 0 R >>", name)
	}
	stream := func(content []byte) {
		packed := &bytes.Buffer{}
		z := zlib.NewWriter(packed)
		_, _ = z.Write(content) // a buffer takes everything
		_ = z.Close()
		object("<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream", packed.Len(), packed.Bytes())
	}
	stream(p.unicode())
	for i, content := range pages {
		object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Resources << /Font << /F1 5 0 R /F2 6 0 R >> >> /Contents %d 0 R >>",
			pageWidth, pageHeight, first+2*i+1)
		stream(content)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, at := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R /Info 3 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, start)
	return b.Bytes()
}

// pages sets the text. The number of pages is known only then, so the footers come last.
func (l letter) pages(p *page) (pages [][]byte) {
	begin := func() {
		p.Reset()
		p.fill(l.colour)
		fmt.Fprintf(p, "%d %d 22 22 re f\n", marginLeft, pageHeight-marginTop+8)
		p.fill([3]float64{0.13, 0.16, 0.2})
		p.at(marginLeft+32, pageHeight-marginTop+20, 2, 12, l.company)
		p.at(marginLeft+32, pageHeight-marginTop+8, 1, 8, l.address)
		p.line(pageHeight-marginTop, l.colour)
		p.y = pageHeight - marginTop - 40
	}
	end := func() { pages = append(pages, bytes.Clone(p.Bytes())) }
	begin()
	for _, line := range p.wrap(l.title, 2, 18, textWidth) {
		p.at(marginLeft, p.y, 2, 18, line)
		p.y -= 24
	}
	p.y -= 4
	for _, f := range l.facts {
		p.at(marginLeft, p.y, 2, 9, f[0])
		p.at(marginLeft+90, p.y, 1, 9, f[1])
		p.y -= 14
	}
	p.y -= 12
	for _, part := range l.body {
		if p.y < 150 {
			end()
			begin()
		}
		if part[0] != "" {
			p.at(marginLeft, p.y, 2, 12, part[0])
			p.y -= 18
		}
		for _, line := range p.wrap(part[1], 1, 10.5, textWidth) {
			p.at(marginLeft, p.y, 1, 10.5, line)
			p.y -= 15
		}
		p.y -= 12
	}
	if p.y < 140 {
		end()
		begin()
	}
	p.y -= 36
	fmt.Fprintf(p, "0.5 w %d %.0f m %d %.0f l S\n", marginLeft, p.y, marginLeft+200, p.y)
	p.signature(marginLeft+12, p.y+6, l.signer)
	p.at(marginLeft, p.y-14, 1, 9, l.signer+", "+l.function)
	end()
	for i := range pages {
		p.Reset()
		p.at(marginLeft, 40, 1, 8, fmt.Sprintf("%s  |  %d / %d", l.title, i+1, len(pages)))
		pages[i] = append(pages[i], p.Bytes()...)
	}
	return pages
}

// page collects drawing commands.
type page struct {
	bytes.Buffer
	y    float64
	font map[rune]byte // letters that ASCII lacks, to codes from 128 on
}

func (p *page) fill(c [3]float64) { fmt.Fprintf(p, "%.2f %.2f %.2f rg\n", c[0], c[1], c[2]) }

func (p *page) line(y float64, c [3]float64) {
	fmt.Fprintf(p, "%.2f %.2f %.2f RG 1.2 w %d %.0f m %d %.0f l S 0.2 0.2 0.2 RG\n", c[0], c[1], c[2], marginLeft, y, pageWidth-marginLeft, y)
}

func (p *page) at(x, y float64, font int, size float64, text string) {
	fmt.Fprintf(p, "BT /F%d %.1f Tf %.1f %.1f Td <%x> Tj ET\n", font, size, x, y, p.encode(text))
}

// signature draws a stroke that goes with the name.
func (p *page) signature(x, y float64, name string) {
	fmt.Fprintf(p, "0.10 0.16 0.45 RG 1.1 w %.1f %.1f m\n", x, y)
	for i, r := range name {
		step, up := 7.0+float64(r%4), float64((int(r)*7+i*5)%19)-5
		fmt.Fprintf(p, "%.1f %.1f %.1f %.1f %.1f %.1f c\n", x+step/3, y+up, x+step*0.7, y-up/2, x+step, y+float64(r%3))
		if x += step; i > 11 {
			break
		}
	}
	fmt.Fprintln(p, "S 0.2 0.2 0.2 RG")
}

func (p *page) encode(text string) []byte {
	var out []byte
	for _, r := range text {
		if r < 128 {
			out = append(out, byte(r))
			continue
		}
		code, ok := p.font[r]
		if !ok {
			code = byte(128 + len(p.font))
			p.font[r] = code
		}
		out = append(out, code)
	}
	return out
}

// glyphs are the PostScript names of the letters that companies' names and texts need.
var glyphs = map[rune]string{
	'À': "Agrave", 'Á': "Aacute", 'Ä': "Adieresis", 'Å': "Aring", 'Æ': "AE", 'Ç': "Ccedilla", 'É': "Eacute", 'È': "Egrave", 'Í': "Iacute", 'Ñ': "Ntilde",
	'Ó': "Oacute", 'Ö': "Odieresis", 'Ø': "Oslash", 'Ú': "Uacute", 'Ü': "Udieresis", 'à': "agrave", 'á': "aacute", 'â': "acircumflex", 'ã': "atilde",
	'ä': "adieresis", 'å': "aring", 'æ': "ae", 'ç': "ccedilla", 'è': "egrave", 'é': "eacute", 'ê': "ecircumflex", 'ë': "edieresis", 'í': "iacute",
	'î': "icircumflex", 'ï': "idieresis", 'ñ': "ntilde", 'ò': "ograve", 'ó': "oacute", 'ô': "ocircumflex", 'õ': "otilde", 'ö': "odieresis", 'ø': "oslash",
	'ú': "uacute", 'ù': "ugrave", 'ü': "udieresis", 'ß': "germandbls", 'ł': "lslash", 'Ł': "Lslash", 'ń': "nacute", 'ś': "sacute", 'ę': "eogonek", 'ą': "aogonek",
	'č': "ccaron", 'ć': "cacute", 'š': "scaron", 'Š': "Scaron", 'ž': "zcaron", 'Ž': "Zcaron", '’': "quoteright", '–': "endash", '·': "periodcentered",
}

func (p *page) differences() string {
	names := make([]string, len(p.font))
	for r, code := range p.font {
		names[code-128] = "/" + glyphs[r]
	}
	return strings.Join(append([]string{"128"}, names...), " ")
}

// unicode says which letters the codes are, for those who search or copy the text.
func (p *page) unicode() []byte {
	var b bytes.Buffer
	b.WriteString("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CMapType 2 def\n" +
		"1 begincodespacerange\n<00> <ff>\nendcodespacerange\n1 beginbfrange\n<20> <7e> <0020>\nendbfrange\n")
	letters := make([]rune, len(p.font))
	for r, code := range p.font {
		letters[code-128] = r
	}
	if len(letters) > 0 {
		fmt.Fprintf(&b, "%d beginbfchar\n", len(letters))
		for i, r := range letters {
			fmt.Fprintf(&b, "<%02x> <%04x>\n", 128+i, r)
		}
		b.WriteString("endbfchar\n")
	}
	b.WriteString("endcmap\nend\nend")
	return b.Bytes()
}

// widths of Helvetica's letters from the space to the tilde, in thousandths of the size.
var widths = [95]int{278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556, 556, 556,
	278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944,
	667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556,
	500, 722, 500, 500, 500, 334, 260, 334, 584}

// wrap breaks a text into lines that fit.
func (p *page) wrap(text string, font int, size, width float64) (lines []string) {
	measure := func(s string) float64 {
		sum := 0
		for _, r := range s {
			if r >= ' ' && r <= '~' {
				sum += widths[r-' ']
			} else {
				sum += 556
			}
		}
		if font == 2 { // bold is a little wider
			sum += sum / 14
		}
		return float64(sum) * size / 1000
	}
	line := ""
	for _, word := range strings.Fields(text) {
		if longer := strings.TrimSpace(line + " " + word); measure(longer) <= width || line == "" {
			line = longer
			continue
		}
		lines = append(lines, line)
		line = word
	}
	return append(lines, line)
}

// hexText is a text for the document's properties.
func hexText(s string) string {
	var b strings.Builder
	b.WriteString("<feff")
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04x", u)
	}
	return b.String() + ">"
}

package inspect

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"
)

// What a PDF must not do when it is opened (ISO 32000-2, 7.11.4, 12.6.4). Names are long
// enough that they do not appear by chance in the pictures of a large scan.
var pdfNames = map[string]Reason{
	"JavaScript": Script, "Rendition": Script, "RichMedia": Script,
	"Launch": Launch, "GoToE": Launch, "ImportData": Launch,
	"EmbeddedFile": Attachment, "EmbeddedFiles": Attachment,
	"Encrypt": Encrypted,
}

const (
	mostStreams  = 200_000
	mostInflated = 256 << 20 // of all streams that may hold objects
	oneInflated  = 64 << 20
)

func (s *source) pdf(head []byte) Finding {
	t, _ := Lookup("pdf")
	f := Finding{Type: t}
	low := bytes.ToLower(head[:min(len(head), headSize)])
	for _, m := range []string{"<script", "<html", "<!doctype", "<?php", "<svg"} {
		if bytes.Contains(low, []byte(m)) {
			return refuse(Polyglot)
		}
	}
	if len(head) < 8 || head[5] < '1' || head[5] > '2' || head[6] != '.' {
		return refuse(Damaged)
	}
	tail := s.part(s.size-2*headSize, 2*headSize)
	if !bytes.Contains(tail, []byte("%%EOF")) {
		return refuse(Damaged)
	}
	if s.zipped() {
		return refuse(Polyglot)
	}
	p := &pdfReader{source: s, names: nameScanner{}, eicar: newNeedles(eicarMark), inflated: mostInflated}
	s.sweep(p.piece)
	switch {
	case p.eicar.seen[eicarMark]:
		f.Held = Eicar
	case p.names.found[Encrypted]:
		f.Held = Encrypted
	case p.names.found[Script]:
		f.Held = Script
	case p.names.found[Launch]:
		f.Held = Launch
	case p.names.found[Attachment]:
		f.Held = Attachment
	case p.bomb:
		return refuse(Bomb)
	case p.unreadable:
		f.Held = Unreadable
	}
	return f
}

// nameScanner finds names of PDF in a stream, also those written with #-codes.
type nameScanner struct {
	found map[Reason]bool
	name  []byte
	open  bool // inside a name
	hex   int  // digits of a #-code that are still to come
	code  byte
}

const longestName = 24

func (n *nameScanner) Write(b []byte) (int, error) {
	for _, c := range b {
		switch {
		case c == '/':
			n.close()
			n.open, n.name, n.hex = true, n.name[:0], 0
		case !n.open:
		case n.hex > 0:
			d, ok := digit(c)
			if !ok {
				n.open = false
				continue
			}
			n.code = n.code<<4 | d
			if n.hex--; n.hex == 0 {
				n.name = append(n.name, n.code)
			}
		case c == '#':
			n.hex, n.code = 2, 0
		case bytes.IndexByte([]byte("\x00\t\n\f\r ()<>[]{}%"), c) >= 0:
			n.close()
		case len(n.name) >= longestName:
			n.open = false
		default:
			n.name = append(n.name, c)
		}
	}
	return len(b), nil
}

func (n *nameScanner) close() {
	if n.open {
		if why, is := pdfNames[string(n.name)]; is {
			if n.found == nil {
				n.found = map[Reason]bool{}
			}
			n.found[why] = true
		}
	}
	n.open = false
}

func digit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// pdfReader reads a PDF from beginning to end. It does not believe its tables: it looks at
// every byte, and into every stream that may hold objects.
type pdfReader struct {
	*source
	names      nameScanner
	eicar      *needles
	window     []byte // what came last, for the words before a stream
	text       []byte // the window and a piece
	at         int64  // where the next piece begins
	streams    int
	inflated   int64
	bomb       bool
	unreadable bool
	flate      io.ReadCloser // used again for each stream
}

const dictionary = 4 << 10

func (p *pdfReader) piece(b []byte) bool {
	_, _ = p.names.Write(b)
	p.eicar.look(b)
	// Streams are looked for where pieces meet too.
	p.text = append(append(p.text[:0], p.window...), b...)
	text, from := p.text, p.at-int64(len(p.window))
	begin := max(0, len(p.window)-len("stream\r\n"))
	for i := begin; ; {
		j := bytes.Index(text[i:], []byte("stream"))
		if j < 0 {
			break
		}
		i += j
		after := i + len("stream")
		if after+2 > len(text) && p.at+int64(len(b)) < p.size {
			break // the next piece has it
		}
		switch {
		case i >= 3 && string(text[i-3:i]) == "end":
		case bytes.HasPrefix(text[after:], []byte("\r\n")):
			p.stream(text[max(0, i-dictionary):i], from+int64(after)+2)
		case bytes.HasPrefix(text[after:], []byte("\n")), bytes.HasPrefix(text[after:], []byte("\r")):
			p.stream(text[max(0, i-dictionary):i], from+int64(after)+1)
		}
		i = after
	}
	p.at += int64(len(b))
	p.window = append(p.window[:0], tailOf(text, dictionary)...)
	return p.err == nil && !p.bomb
}

// stream looks into the stream that begins at off, if it may hold objects: such a stream
// begins with numbers (ISO 32000-2, 7.5.7), as does the content of some pages.
func (p *pdfReader) stream(before []byte, off int64) {
	if p.streams++; p.streams > mostStreams {
		p.unreadable = true
		return
	}
	if i := bytes.LastIndex(before, []byte("obj")); i >= 0 {
		before = before[i:]
	}
	words := unescape(before)
	objects := bytes.Contains(words, []byte("/ObjStm"))
	if objects {
		for _, other := range []string{"/ASCIIHexDecode", "/ASCII85Decode", "/LZWDecode", "/RunLengthDecode", "/Crypt", "/Predictor"} {
			if bytes.Contains(words, []byte(other)) {
				p.unreadable = true // no program writes that; it is done to hide
			}
		}
	}
	start := p.part(off, 2)
	if len(start) < 2 || start[0]&0x0f != 8 || (int(start[0])<<8|int(start[1]))%31 != 0 {
		if objects && bytes.Contains(words, []byte("/FlateDecode")) {
			p.unreadable = true
		}
		return
	}
	z, err := p.inflate(io.NewSectionReader(p.source, off, p.size-off))
	if err != nil {
		return
	}
	first := make([]byte, 256)
	n, err := io.ReadFull(z, first)
	first = first[:n]
	if n == 0 || !objects && !numbers(first) {
		return
	}
	inner := &nameScanner{found: p.names.found}
	out := io.MultiWriter(inner, p.eicar)
	_, _ = out.Write(first)
	if err == nil {
		var more int64
		more, err = io.Copy(out, io.LimitReader(z, min(oneInflated, p.inflated)+1))
		if p.inflated -= more; more > oneInflated || p.inflated < 0 {
			p.bomb = true
		}
	}
	inner.close()
	if inner.found != nil {
		p.names.found = inner.found
	}
	if objects && err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		p.unreadable = true
	}
}

func (p *pdfReader) inflate(r io.Reader) (io.Reader, error) {
	if again, ok := p.flate.(zlib.Resetter); ok {
		return p.flate, again.Reset(r, nil)
	}
	z, err := zlib.NewReader(r)
	p.flate = z
	return z, err
}

// numbers reports whether text begins with two whole numbers.
func numbers(b []byte) bool {
	fields := bytes.Fields(b)
	if len(fields) < 2 {
		return false
	}
	for _, f := range fields[:2] {
		for _, c := range f {
			if c < '0' || c > '9' {
				return false
			}
		}
	}
	return true
}

// unescape writes #-codes out.
func unescape(b []byte) []byte {
	if !bytes.Contains(b, []byte("#")) {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '#' && i+2 < len(b) {
			hi, ok1 := digit(b[i+1])
			lo, ok2 := digit(b[i+2])
			if ok1 && ok2 {
				out = append(out, hi<<4|lo)
				i += 2
				continue
			}
		}
		out = append(out, b[i])
	}
	return out
}

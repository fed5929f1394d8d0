package inspect

import (
	"bytes"
	"strings"
	"unicode/utf16"

	"github.com/gabriel-vasile/mimetype"
)

// plain reports whether bytes can be text: no controls but line ends and tabs. Text of an
// older code page is text too; so is UTF-16, which has a mark at its beginning.
func plain(b []byte) bool {
	return wide(b) || !controls(b)
}

func controls(b []byte) bool {
	return bytes.ContainsFunc(b, func(r rune) bool { return r < 0x20 && r != '\t' && r != '\n' && r != '\r' && r != '\f' || r == 0x7f })
}

// wide reports whether bytes begin like UTF-16.
func wide(b []byte) bool {
	return bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff"))
}

// narrow turns a text that may be UTF-16 into UTF-8.
func narrow(b []byte) []byte {
	if !wide(b) {
		return b
	}
	return decode(b[2:], b[0] == 0xfe)
}

func decode(b []byte, big bool) []byte {
	var units []uint16
	for i := 0; i+1 < len(b); i += 2 {
		lo, hi := uint16(b[i]), uint16(b[i+1])
		if big {
			lo, hi = hi, lo
		}
		units = append(units, hi<<8|lo)
	}
	return []byte(string(utf16.Decode(units)))
}

// tags are beginnings that a browser could take for a page, whatever the file is called.
var tags = []string{"<!doctype", "<html", "<head", "<body", "<script", "<svg", "<iframe", "<object", "<embed", "<?php", "<?xml", "<%@", "<hta:", "<job", "<package"}

// markup reports whether text is a page, a drawing or a script: at its beginning, where
// programs decide by it. mimetype knows shebangs and the like.
func markup(head []byte) bool {
	text := bytes.ToLower(bytes.TrimLeft(bytes.TrimPrefix(narrow(head), []byte("\xef\xbb\xbf")), " \t\r\n\f"))
	if bytes.HasPrefix(text, []byte("<!--")) {
		return true
	}
	for _, t := range tags {
		if bytes.HasPrefix(text, []byte(t)) {
			return true
		}
	}
	// Browsers that guess look further, but not beyond this.
	for _, t := range []string{"<script", "<html", "<!doctype html", "<svg "} {
		if bytes.Contains(text[:min(len(text), headSize)], []byte(t)) {
			return true
		}
	}
	for m := mimetype.Detect(head); m != nil; m = m.Parent() {
		kind, _, _ := strings.Cut(m.String(), ";")
		switch kind {
		case "text/html", "text/xml", "image/svg+xml", "application/javascript", "text/javascript", "text/x-php", "text/x-python", "text/x-perl",
			"text/x-ruby", "text/x-lua", "text/x-tcl", "text/x-shellscript":
			return true
		}
	}
	return false
}

// text looks at all of a text.
func (s *source) text(promised Type, head []byte) Finding {
	if promised.Code != "csv" && promised.Code != "txt" {
		return refuse(Mismatch)
	}
	f := Finding{Type: promised}
	encoded, big := wide(head), head[0] == 0xfe
	found := newNeedles(eicarMark)
	ok := s.sweep(func(b []byte) bool {
		if encoded { // pieces begin at even places
			b = bytes.TrimPrefix(decode(b, big), []byte("\xef\xbb\xbf"))
		}
		found.look(b)
		return !controls(b)
	})
	switch {
	case !ok:
		return refuse(Mismatch)
	case s.zipped():
		return refuse(Polyglot)
	case found.seen[eicarMark]:
		f.Held = Eicar
	}
	return f
}

// eicarMark is in the file that every virus scanner takes for a virus, and in nothing
// else. It is in two parts here so that scanners leave this file alone.
// Source: EICAR, "Anti-Malware Testfile".
const eicarMark = "$EICAR-STANDARD-" + "ANTIVIRUS-TEST-FILE!$"

// needles finds texts in a stream, also where two pieces of it meet.
type needles struct {
	all  []string
	most int
	tail []byte
	seen map[string]bool
}

func newNeedles(all ...string) *needles {
	n := &needles{all: all, seen: map[string]bool{}}
	for _, a := range all {
		n.most = max(n.most, len(a))
	}
	return n
}

func (n *needles) look(b []byte) {
	seam := append(n.tail, b[:min(len(b), n.most)]...)
	for _, a := range n.all {
		if !n.seen[a] && (bytes.Contains(seam, []byte(a)) || bytes.Contains(b, []byte(a))) {
			n.seen[a] = true
		}
	}
	n.tail = append([]byte(nil), tailOf(append(n.tail, b[max(0, len(b)-n.most):]...), n.most)...)
}

// Write looks at a piece of a stream.
func (n *needles) Write(b []byte) (int, error) {
	n.look(b)
	return len(b), nil
}

func tailOf(b []byte, n int) []byte { return b[max(0, len(b)-n):] }

// sweep shows all of the content, piece by piece, until do has seen enough.
func (s *source) sweep(do func([]byte) bool) bool {
	b := make([]byte, 128<<10)
	for off := int64(0); off < s.size; {
		n, err := s.ReadAt(b[:min(int64(len(b)), s.size-off)], off)
		if n > 0 && !do(b[:n]) {
			return false
		}
		off += int64(n)
		if err != nil && off < s.size || n == 0 {
			return false
		}
	}
	return true
}

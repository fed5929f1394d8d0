package inspect

import (
	"bytes"
	"encoding/binary"
	"image"
	_ "image/jpeg" // decoders that image.DecodeConfig finds by itself
	_ "image/png"
	"io"
)

// mostPixels bounds what a viewer unpacks: 80 megapixels are 320 MB in memory.
const mostPixels = 80_000_000

func (s *source) picture(kind string, head []byte) Finding {
	t, _ := Lookup(kind)
	f := Finding{Type: t}
	var ok bool
	if kind == "webp" {
		f.Width, f.Height, ok = webp(head)
	} else {
		c, format, err := image.DecodeConfig(io.NewSectionReader(s, 0, s.size))
		f.Width, f.Height = c.Width, c.Height
		ok = err == nil && (format == kind || format == "jpeg" && kind == "jpg")
	}
	switch {
	case !ok || f.Width <= 0 || f.Height <= 0:
		return refuse(Damaged)
	case int64(f.Width)*int64(f.Height) > mostPixels:
		return refuse(Pixels)
	}
	end := Reason("")
	switch kind {
	case "png":
		end = s.endOfPNG()
	case "webp":
		if long := int64(binary.LittleEndian.Uint32(head[4:])) + 8; s.size < long {
			end = Damaged
		} else if s.size > long+1 {
			end = Polyglot
		}
	}
	if end != "" {
		return refuse(end)
	}
	// Cameras append things to a JPEG that a viewer passes over; another kind of file must
	// not be among them, nor may a page stand in its comments.
	low := bytes.ToLower(s.part(0, 64<<10))
	tail := bytes.ToLower(s.part(s.size-(64<<10), 64<<10))
	for _, b := range [][]byte{low, tail} {
		for _, m := range []string{"<script", "<html", "<!doctype", "<?php", "<svg"} {
			if bytes.Contains(b, []byte(m)) {
				return refuse(Polyglot)
			}
		}
	}
	if bytes.Contains(head[:min(len(head), headSize)], []byte("%PDF-")) || s.zipped() {
		return refuse(Polyglot)
	}
	found := newNeedles(eicarMark)
	s.sweep(func(b []byte) bool { found.look(b); return true })
	if found.seen[eicarMark] {
		f.Held = Eicar
	}
	return f
}

// endOfPNG walks the chunks; nothing may follow the last.
func (s *source) endOfPNG() Reason {
	const mostChunks = 1_000_000
	off := int64(8)
	for range mostChunks {
		h := s.part(off, 8)
		if len(h) < 8 {
			return Damaged
		}
		off += 12 + int64(binary.BigEndian.Uint32(h))
		if off > s.size {
			return Damaged
		}
		if string(h[4:]) == "IEND" {
			if off < s.size {
				return Polyglot
			}
			return ""
		}
	}
	return Damaged
}

// webp reads the size of a picture from its first chunk (RFC 9649).
func webp(head []byte) (w, h int, ok bool) {
	if len(head) < 30 {
		return 0, 0, false
	}
	b := head[20:]
	switch string(head[12:16]) {
	case "VP8 ":
		if b[3] != 0x9d || b[4] != 0x01 || b[5] != 0x2a {
			return 0, 0, false
		}
		return int(binary.LittleEndian.Uint16(b[6:])) & 0x3fff, int(binary.LittleEndian.Uint16(b[8:])) & 0x3fff, true
	case "VP8L":
		if b[0] != 0x2f {
			return 0, 0, false
		}
		n := binary.LittleEndian.Uint32(b[1:])
		return int(n&0x3fff) + 1, int(n>>14&0x3fff) + 1, true
	case "VP8X":
		three := func(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
		return three(b[4:]) + 1, three(b[7:]) + 1, true
	}
	return 0, 0, false
}

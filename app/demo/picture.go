package demo

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"math"
	"strings"
)

// canvas is a picture that is drawn with rectangles, lines and small letters.
type canvas struct {
	*image.Paletted
	colours map[color.RGBA]uint8
}

var (
	white = color.RGBA{255, 255, 255, 255}
	ink   = color.RGBA{32, 38, 48, 255}
	grey  = color.RGBA{208, 212, 218, 255}
	pale  = color.RGBA{236, 240, 244, 255}
	green = color.RGBA{38, 120, 74, 255}
	red   = color.RGBA{190, 48, 40, 255}
	amber = color.RGBA{246, 196, 40, 255}
)

func newCanvas(w, h int, own color.RGBA) *canvas {
	c := &canvas{colours: map[color.RGBA]uint8{}}
	var list color.Palette
	for i, x := range []color.RGBA{white, ink, grey, pale, green, red, amber, own} {
		list, c.colours[x] = append(list, x), uint8(i)
	}
	c.Paletted = image.NewPaletted(image.Rect(0, 0, w, h), list)
	return c
}

func (c *canvas) box(x0, y0, x1, y1 int, fill color.RGBA) {
	r := image.Rect(x0, y0, x1, y1).Intersect(c.Rect)
	index := c.colours[fill]
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := c.Pix[c.PixOffset(r.Min.X, y):][:r.Dx()]
		for i := range row {
			row[i] = index
		}
	}
}

func (c *canvas) frame(x0, y0, x1, y1 int, line color.RGBA) {
	c.box(x0, y0, x1, y0+2, line)
	c.box(x0, y1-2, x1, y1, line)
	c.box(x0, y0, x0+2, y1, line)
	c.box(x1-2, y0, x1, y1, line)
}

// letters are five columns of seven points each, the lowest bit on top.
var letters = map[rune][5]byte{
	'A': {0x7e, 0x11, 0x11, 0x11, 0x7e}, 'B': {0x7f, 0x49, 0x49, 0x49, 0x36}, 'C': {0x3e, 0x41, 0x41, 0x41, 0x22}, 'D': {0x7f, 0x41, 0x41, 0x22, 0x1c},
	'E': {0x7f, 0x49, 0x49, 0x49, 0x41}, 'F': {0x7f, 0x09, 0x09, 0x09, 0x01}, 'G': {0x3e, 0x41, 0x49, 0x49, 0x7a}, 'H': {0x7f, 0x08, 0x08, 0x08, 0x7f},
	'I': {0x00, 0x41, 0x7f, 0x41, 0x00}, 'J': {0x20, 0x40, 0x41, 0x3f, 0x01}, 'K': {0x7f, 0x08, 0x14, 0x22, 0x41}, 'L': {0x7f, 0x40, 0x40, 0x40, 0x40},
	'M': {0x7f, 0x02, 0x0c, 0x02, 0x7f}, 'N': {0x7f, 0x04, 0x08, 0x10, 0x7f}, 'O': {0x3e, 0x41, 0x41, 0x41, 0x3e}, 'P': {0x7f, 0x09, 0x09, 0x09, 0x06},
	'Q': {0x3e, 0x41, 0x51, 0x21, 0x5e}, 'R': {0x7f, 0x09, 0x19, 0x29, 0x46}, 'S': {0x46, 0x49, 0x49, 0x49, 0x31}, 'T': {0x01, 0x01, 0x7f, 0x01, 0x01},
	'U': {0x3f, 0x40, 0x40, 0x40, 0x3f}, 'V': {0x1f, 0x20, 0x40, 0x20, 0x1f}, 'W': {0x3f, 0x40, 0x38, 0x40, 0x3f}, 'X': {0x63, 0x14, 0x08, 0x14, 0x63},
	'Y': {0x07, 0x08, 0x70, 0x08, 0x07}, 'Z': {0x61, 0x51, 0x49, 0x45, 0x43}, '0': {0x3e, 0x51, 0x49, 0x45, 0x3e}, '1': {0x00, 0x42, 0x7f, 0x40, 0x00},
	'2': {0x42, 0x61, 0x51, 0x49, 0x46}, '3': {0x21, 0x41, 0x45, 0x4b, 0x31}, '4': {0x18, 0x14, 0x12, 0x7f, 0x10}, '5': {0x27, 0x45, 0x45, 0x45, 0x39},
	'6': {0x3c, 0x4a, 0x49, 0x49, 0x30}, '7': {0x01, 0x71, 0x09, 0x05, 0x03}, '8': {0x36, 0x49, 0x49, 0x49, 0x36}, '9': {0x06, 0x49, 0x49, 0x29, 0x1e},
	'-': {0x08, 0x08, 0x08, 0x08, 0x08}, '.': {0x00, 0x60, 0x60, 0x00, 0x00}, ',': {0x00, 0x50, 0x30, 0x00, 0x00}, '/': {0x20, 0x10, 0x08, 0x04, 0x02},
	':': {0x00, 0x36, 0x36, 0x00, 0x00}, '&': {0x36, 0x49, 0x55, 0x22, 0x50}, '\'': {0x00, 0x05, 0x03, 0x00, 0x00},
}

// say writes a text with letters of six by eight points, times scale. box fills a rectangle.
func say(box func(x0, y0, x1, y1 int, fill color.RGBA), x, y, scale int, text string, ink color.RGBA) {
	for _, r := range strings.ToUpper(ascii(text)) {
		for i, column := range letters[r] {
			for j := range 7 {
				if column>>j&1 == 1 {
					box(x+i*scale, y+j*scale, x+(i+1)*scale, y+(j+1)*scale, ink)
				}
			}
		}
		x += 6 * scale
	}
}

func (c *canvas) say(x, y, scale int, text string, ink color.RGBA) {
	say(c.box, x, y, scale, text, ink)
}

func (c *canvas) png() ([]byte, error) {
	var b bytes.Buffer
	err := png.Encode(&b, c.Paletted)
	return b.Bytes(), err
}

// colour is the company's own.
func (w *world) colour() color.RGBA {
	list := []color.RGBA{{22, 78, 122, 255}, {128, 32, 48, 255}, {24, 104, 96, 255}, {92, 62, 130, 255}, {150, 84, 20, 255}, {48, 72, 60, 255}}
	return list[w.draw("colour", len(list))]
}

// sitePlan is a plan with boundary, gate, buildings, docks, cameras and lamps.
func (w *world) sitePlan(day string) ([]byte, error) {
	own := w.colour()
	c := newCanvas(720, 500, own)
	c.box(0, 0, 720, 44, own)
	c.say(16, 14, 2, w.company+" - SITE PLAN", white)
	c.box(24, 64, 560, 460, pale)
	for x := 24; x < 560; x += 12 { // the fence
		c.box(x, 64, x+7, 67, green)
		c.box(x, 457, x+7, 460, green)
	}
	for y := 64; y < 460; y += 12 {
		c.box(24, y, 27, y+7, green)
		c.box(557, y, 560, y+7, green)
	}
	gate := 300 + w.draw("gate", 120)
	c.box(gate, 455, gate+60, 464, white)
	c.say(gate+8, 468, 1, "GATE 1", ink)
	hall := 120 + w.draw("hall", 54)
	c.box(70, 110, 70+hall*2, 110+hall, grey)
	c.frame(70, 110, 70+hall*2, 110+hall, ink)
	c.say(84, 124, 2, "HALL A", ink)
	docks := 3 + w.draw("docks", 5)
	for i := range docks {
		x := 80 + i*(hall*2-30)/docks
		c.box(x, 110+hall, x+22, 110+hall+12, own)
		c.say(x+4, 110+hall+16, 1, "D"+string(rune('1'+i)), ink)
	}
	c.box(440, 90, 530, 170, grey)
	c.frame(440, 90, 530, 170, ink)
	c.say(450, 104, 2, "OFFICE", ink)
	c.box(70, 380, 250, 440, white)
	c.frame(70, 380, 250, 440, grey)
	c.say(84, 404, 1, "CONTAINERS AND TRAILERS", ink)
	c.box(440, 200, 530, 250, white)
	c.frame(440, 200, 530, 250, grey)
	c.say(448, 220, 1, "PARKING", ink)
	if !w.tags["nocameras"] {
		for _, at := range [][2]int{{36, 76}, {540, 76}, {36, 440}, {540, 440}, {gate - 14, 440}, {70 + hall*2 + 8, 110 + hall/2}} {
			c.box(at[0], at[1], at[0]+8, at[1]+8, red)
		}
	}
	for _, at := range [][2]int{{150, 72}, {300, 72}, {430, 440}, {280, 350}, {150, 350}, {548, 180}, {548, 320}} {
		c.box(at[0], at[1], at[0]+6, at[1]+6, amber)
	}
	c.say(584, 76, 1, "KEY", ink)
	for i, k := range []struct {
		colour color.RGBA
		text   string
	}{{green, "FENCE"}, {red, "CAMERA"}, {amber, "LAMP"}, {own, "DOCK"}, {grey, "BUILDING"}} {
		c.box(584, 96+i*20, 594, 106+i*20, k.colour)
		c.say(602, 98+i*20, 1, k.text, ink)
	}
	c.say(584, 430, 1, day, ink)
	c.say(584, 446, 1, "SCALE 1:500", ink)
	return c.png()
}

// badge is a sample of a badge.
func (w *world) badge(day string) ([]byte, error) {
	own := w.colour()
	c := newCanvas(420, 264, own)
	c.frame(0, 0, 420, 264, ink)
	c.box(2, 2, 418, 56, own)
	c.say(16, 20, 2, clip(w.company, 30), white)
	c.box(24, 80, 144, 224, grey)
	for y := 96; y < 220; y++ { // a head and shoulders
		half := 0
		switch {
		case y < 152:
			half = int(math.Sqrt(math.Max(0, 784-float64((y-124)*(y-124)))))
		case y > 162:
			half = min(52, 22+(y-162))
		}
		c.box(84-half, y, 84+half, y+1, white)
	}
	c.say(168, 88, 2, "SAMPLE PERSON", ink)
	c.say(168, 118, 1, "DEPARTMENT: DOCK", ink)
	c.say(168, 136, 1, "NUMBER: "+w.words["licence"], ink)
	c.say(168, 154, 1, "ISSUED: "+day, ink)
	c.box(168, 180, 396, 224, red)
	c.say(180, 194, 2, "SAMPLE", white)
	c.say(24, 238, 1, "RETURN TO THE SECURITY OFFICE WHEN FOUND", ink)
	return c.png()
}

// chart is the organisation chart.
func (w *world) chart(day string) ([]byte, error) {
	own := w.colour()
	c := newCanvas(760, 360, own)
	c.say(20, 16, 2, w.company, own)
	c.say(20, 38, 1, "ORGANISATION CHART, "+day, ink)
	box := func(x, y int, role, name string) {
		c.box(x, y, x+170, y+56, pale)
		c.frame(x, y, x+170, y+56, own)
		c.say(x+10, y+12, 1, role, ink)
		c.say(x+10, y+32, 1, clip(name, 26), own)
	}
	c.box(379, 130, 381, 180, ink)
	c.box(104, 178, 656, 180, ink)
	for _, x := range []int{104, 288, 472, 654} {
		c.box(x, 178, x+2, 220, ink)
	}
	box(295, 74, "MANAGING DIRECTOR", w.words["head"])
	box(20, 220, "CUSTOMS", w.words["compliance"])
	box(203, 220, "OPERATIONS", w.words["ops"])
	box(387, 220, "FINANCE AND IT", w.words["itlead"])
	box(570, 220, "PERSONNEL", w.words["hr"])
	c.box(287, 276, 289, 300, ink)
	box(203, 300, "SECURITY", w.words["security"])
	return c.png()
}

// photo stands for one that somebody took: of a seal on a door or of a fence.
func (w *world) photo(of, stamp string) ([]byte, error) {
	const width, height = 480, 320
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	seed := uint32(1 + w.draw(of, 1<<30))
	noise := func() int { // a linear congruential generator: the same picture each time
		seed = seed*1664525 + 1013904223
		return int(seed>>24)%13 - 6
	}
	shade, own := w.draw(of+" light", 40), w.colour()
	for y := range height {
		for x := range width {
			var r, g, b int
			switch {
			case of == "seal": // corrugated steel of a container's door
				wave := int(16 * math.Sin(float64(x)/9))
				r, g, b = (int(own.R)+90)/2+wave+shade, (int(own.G)+100)/2+wave+shade, (int(own.B)+110)/2+wave+shade
				if x > 216 && x < 236 || x > 292 && x < 308 { // rods
					r, g, b = 150-(x%20)*3, 152-(x%20)*3, 156-(x%20)*3
				}
			case y < 150: // sky
				r, g, b = 168+y/4, 190+y/5, 214+y/8
			case y > 262: // ground
				r, g, b = 104-shade/2, 100-shade/2, 92-shade/2
			default: // a wall behind
				r, g, b = 178-shade, 172-shade, 160-shade
			}
			if of == "fence" && y > 90 && y < 270 && ((x+y)%18 < 2 || (x-y+720)%18 < 2) {
				r, g, b = 96, 104, 108
			}
			n := noise()
			m.SetRGBA(x, y, color.RGBA{level(r + n), level(g + n), level(b + n), 255})
		}
	}
	box := func(x0, y0, x1, y1 int, c color.RGBA) {
		draw.Draw(m, image.Rect(x0, y0, x1, y1), image.NewUniform(c), image.Point{}, draw.Src)
	}
	if of == "seal" {
		box(206, 150, 320, 172, color.RGBA{132, 136, 140, 255}) // hasp
		box(246, 128, 262, 226, amber)
		box(236, 120, 272, 136, amber)
		box(232, 196, 276, 250, amber)
		say(box, 238, 206, 1, w.words["licence2"], ink)
		say(box, 238, 222, 1, "ISO H", ink)
	} else {
		for x := 20; x < width; x += 110 {
			box(x, 70, x+8, 278, color.RGBA{88, 96, 100, 255})
		}
		box(0, 84, width, 88, color.RGBA{88, 96, 100, 255})
	}
	say(box, 14, height-18, 1, stamp, amber)
	var b bytes.Buffer
	err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 60})
	return b.Bytes(), err
}

func level(n int) uint8 { return uint8(min(255, max(0, n))) }

// clip cuts a name that is too long for its place.
func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "."
	}
	return s
}

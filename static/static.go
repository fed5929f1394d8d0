// Package static holds the style sheets, fonts, pictures and scripts that the
// portal sends as they are, inside the program.
//
// Every address carries one hash over the whole tree (/static/<hash>/site.css),
// so that browsers may keep a file for ever and the relative addresses inside
// style sheets and modules stay right. A page from another release may ask with
// that release's hash during a deployment: it gets today's file, not to be kept.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

//go:embed site.css
var style string

// Style is the portal's own style sheet, for documents that are printed without any other file.
func Style() string { return style }

//go:embed icon.svg site.css js vendor/uswds-3.14.0
var files embed.FS

// prefix is where the web package serves the files.
const prefix = "/static/"

// Assets are the files with their addresses.
type Assets struct {
	hash  string
	files map[string]file
}

type file struct {
	content []byte
	small   []byte // the same as gzip; nil where that saves nothing
	kind    string
}

// New reads the embedded files and computes their hash. It fails on a file whose
// content type is unknown, which is a mistake made when building.
func New() (*Assets, error) {
	a := &Assets{files: map[string]file{}}
	sum := sha256.New()
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		kind, ok := kindOf(name)
		if !ok {
			return fmt.Errorf("no content type for %s", name)
		}
		content, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%s %d\n", name, len(content))
		sum.Write(content)
		small, err := squeeze(content)
		if err != nil {
			return fmt.Errorf("compress %s: %w", name, err)
		}
		a.files[name] = file{content, small, kind}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read static files: %w", err)
	}
	a.hash = hex.EncodeToString(sum.Sum(nil))[:16]
	return a, nil
}

// URL is the address of the file called name, such as "site.css". A name that
// does not exist has an address too, which answers 404; a test looks for those.
func (a *Assets) URL(name string) string {
	return prefix + a.hash + "/" + name
}

// Has reports whether there is a file called name.
func (a *Assets) Has(name string) bool {
	_, ok := a.files[name]
	return ok
}

// Open finds the file at the path of a request: "/static/<hash>/site.css", or
// "/static/site.css". The content must not be changed.
func (a *Assets) Open(path string) (content []byte, contentType string, ok bool) {
	name, _ := a.split(path)
	f, ok := a.files[name]
	return f.content, f.kind, ok
}

// Gzip is the same content compressed, and nil where that saves nothing. Pages are not
// compressed: what a stranger can put into one must not tell how long its secrets are.
func (a *Assets) Gzip(path string) []byte {
	name, _ := a.split(path)
	return a.files[name].small
}

// squeeze compresses once, at the start, what every first visit loads.
func squeeze(content []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if b.Len()*10 > len(content)*9 {
		return nil, nil
	}
	return b.Bytes(), nil
}

// CacheControl is the header for the file at path: for ever under today's hash,
// otherwise to be asked for again.
func (a *Assets) CacheControl(path string) string {
	if _, current := a.split(path); current {
		return "public, max-age=31536000, immutable"
	}
	return "no-cache"
}

// split takes the file's name out of a path and tells whether today's hash stands
// before it.
func (a *Assets) split(p string) (name string, current bool) {
	name, ok := strings.CutPrefix(p, prefix)
	if !ok {
		return "", false
	}
	if hash, rest, ok := strings.Cut(name, "/"); ok && isHash(hash) {
		return rest, hash == a.hash
	}
	return name, false
}

func isHash(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == 8
}

// kindOf is a list of our own: the system's one differs between machines.
func kindOf(name string) (string, bool) {
	kind, ok := map[string]string{
		".css":   "text/css; charset=utf-8",
		".js":    "text/javascript; charset=utf-8",
		".svg":   "image/svg+xml",
		".woff2": "font/woff2",
		".md":    "text/markdown; charset=utf-8",
	}[path.Ext(name)]
	return kind, ok
}

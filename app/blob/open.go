package blob

import (
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"gocloud.dev/blob"
)

// Reader reads the content of an object: from its beginning with Read, or anywhere with
// ReadAt. Every byte it gives was checked; ErrDamaged says that the object is not what was
// stored. Read is for one goroutine, ReadAt for many.
type Reader struct {
	store  *Store
	ctx    context.Context
	name   string
	box    cipher.AEAD
	size   int64
	frames int64

	stream io.ReadCloser // where Read has come to
	number int64         // of the next frame
	buffer *[]byte
	left   []byte // opened and not read yet

	mu     sync.Mutex
	recent []opened
}

// opened is a frame that ReadAt keeps, for whoever reads an archive jumps to and fro.
type opened struct {
	number int64
	buffer *[]byte
	plain  []byte
}

const keptFrames = 3

// Open makes an object ready to be read until ctx ends. ErrMissing when it is not there.
func (s *Store) Open(ctx context.Context, key []byte, name string) (*Reader, error) {
	head, err := s.bucket.NewRangeReader(ctx, name, 0, int64(headSize), nil)
	if err != nil {
		return nil, fmt.Errorf("open an object: %w", readable(err))
	}
	total := head.Size()
	b := make([]byte, headSize)
	_, err = io.ReadFull(head, b)
	if e := head.Close(); err == nil {
		err = e
	}
	body := total - int64(headSize)
	count := (body + sealed - 1) / sealed
	rest := body - (count-1)*sealed
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("open an object: %w", readable(err))
	}
	if err != nil || string(b[:len(mark)]) != mark || body < tagSize || rest < tagSize {
		return nil, fmt.Errorf("open an object: %w", ErrDamaged)
	}
	box, err := boxOf(key, b[len(mark):], name)
	if err != nil {
		return nil, err
	}
	return &Reader{store: s, ctx: ctx, name: name, box: box, size: body - count*tagSize, frames: count}, nil
}

// Size is the length of the content.
func (r *Reader) Size() int64 { return r.size }

// open opens frame number, which lies in b sealed, in place.
func (r *Reader) open(b []byte, number int64) ([]byte, error) {
	plain, err := r.box.Open(b[:0], nonce(number, number == r.frames-1), b, []byte(mark))
	if err != nil {
		return nil, fmt.Errorf("read an object: %w", ErrDamaged)
	}
	return plain, nil
}

// span is how long frame number is while it is sealed.
func (r *Reader) span(number int64) int64 {
	if number == r.frames-1 {
		return r.size - number*frame + tagSize
	}
	return sealed
}

func (r *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(r.left) == 0 {
		if r.number == r.frames {
			return 0, io.EOF
		}
		if err := r.advance(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.left)
	r.left = r.left[n:]
	return n, nil
}

// WriteTo writes the rest of the content, a frame at a time.
func (r *Reader) WriteTo(w io.Writer) (written int64, err error) {
	for {
		n, err := w.Write(r.left)
		written += int64(n)
		r.left = r.left[n:]
		if err != nil || r.number == r.frames {
			return written, err
		}
		if err := r.advance(); err != nil {
			return written, err
		}
	}
}

func (r *Reader) advance() error {
	if r.stream == nil {
		s, err := r.store.bucket.NewRangeReader(r.ctx, r.name, int64(headSize), -1, nil)
		if err != nil {
			return fmt.Errorf("read an object: %w", readable(err))
		}
		r.stream, r.buffer = s, frames.Get().(*[]byte)
	}
	b := (*r.buffer)[:r.span(r.number)]
	if err := whole(r.stream, b); err != nil {
		return err
	}
	plain, err := r.open(b, r.number)
	if err != nil {
		return err
	}
	r.left = plain
	r.number++
	return nil
}

func whole(s io.Reader, b []byte) error {
	_, err := io.ReadFull(s, b)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("read an object: %w", ErrDamaged) // shorter than it was a moment ago
	}
	return fmt.Errorf("read an object: %w", readable(err))
}

// ReadAt reads from anywhere in the content.
func (r *Reader) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, errors.New("read an object: negative offset")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for n < len(p) {
		at := off + int64(n)
		if at >= r.size {
			return n, io.EOF
		}
		plain, err := r.frameAt(at / frame)
		if err != nil {
			return n, err
		}
		n += copy(p[n:], plain[at%frame:])
	}
	return n, nil
}

func (r *Reader) frameAt(number int64) ([]byte, error) {
	if i := slices.IndexFunc(r.recent, func(o opened) bool { return o.number == number }); i >= 0 {
		o := r.recent[i]
		r.recent = append(slices.Delete(r.recent, i, i+1), o)
		return o.plain, nil
	}
	var buffer *[]byte
	if len(r.recent) == keptFrames {
		buffer = r.recent[0].buffer
		r.recent = slices.Delete(r.recent, 0, 1)
	} else {
		buffer = frames.Get().(*[]byte)
	}
	plain, err := r.fetch((*buffer)[:r.span(number)], number)
	if err != nil {
		frames.Put(buffer)
		return nil, err
	}
	r.recent = append(r.recent, opened{number, buffer, plain})
	return plain, nil
}

func (r *Reader) fetch(b []byte, number int64) (plain []byte, err error) {
	var s *blob.Reader
	if s, err = r.store.bucket.NewRangeReader(r.ctx, r.name, int64(headSize)+number*sealed, int64(len(b)), nil); err != nil {
		return nil, fmt.Errorf("read an object: %w", readable(err))
	}
	err = whole(s, b)
	if e := s.Close(); err == nil && e != nil {
		err = fmt.Errorf("read an object: %w", readable(e))
	}
	if err != nil {
		return nil, err
	}
	return r.open(b, number)
}

// Close lets go of what reading holds.
func (r *Reader) Close() (err error) {
	if r.stream != nil {
		err = r.stream.Close()
		frames.Put(r.buffer)
		r.stream, r.buffer, r.left, r.number = nil, nil, nil, r.frames
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, o := range r.recent {
		frames.Put(o.buffer)
	}
	r.recent = nil
	return err
}

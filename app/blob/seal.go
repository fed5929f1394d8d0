package blob

import (
	"context"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"gocloud.dev/blob"

	"trustedtrader/app/seal"
)

// An object is a head and frames. The head is a mark and a random salt, from which the
// object's own key is derived together with its name. Each frame is up to a MiB of content
// under AES-256-GCM; its nonce is its number and whether it is the last. So a frame that
// was changed, moved, left out or put into another object does not open, and an object
// that was cut off ends without its last frame.
const (
	mark     = "TTB1"
	saltSize = 32
	headSize = len(mark) + saltSize
	frame    = 1 << 20
	tagSize  = 16
	sealed   = frame + tagSize

	// KeySize is the length of a key that seals objects.
	KeySize = seal.KeySize
)

// frames are buffers for one sealed frame each.
var frames = sync.Pool{New: func() any { b := make([]byte, sealed); return &b }}

func boxOf(key, salt []byte, name string) (cipher.AEAD, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("seal an object: the key has %d bytes", len(key))
	}
	own, err := hkdf.Key(sha256.New, key, salt, "portal object 1 "+name, KeySize)
	if err != nil {
		return nil, fmt.Errorf("seal an object: %w", err)
	}
	return seal.Cipher(own)
}

func nonce(number int64, last bool) []byte {
	n := make([]byte, 12)
	binary.BigEndian.PutUint64(n, uint64(number))
	if last {
		n[11] = 1
	}
	return n
}

// Object is what was written: the size and hash of its content.
type Object struct {
	Name   string
	Size   int64
	SHA256 string // in hexadecimal
}

// Write seals what r gives under key and keeps it under name, which must be new. It holds
// a few MiB in memory however long the content is. Nothing is there before all of it is:
// after an error (of r, of the store, ErrTooLong) there is no object.
func (s *Store) Write(ctx context.Context, key []byte, name string, r io.Reader, most int64) (o Object, err error) {
	salt := make([]byte, saltSize)
	if _, err := rand.Read(salt); err != nil {
		return o, err
	}
	box, err := boxOf(key, salt, name)
	if err != nil {
		return o, err
	}
	ctx, abandon := context.WithCancel(ctx)
	defer abandon()
	var file *os.File // of a folder
	w, err := s.bucket.NewWriter(ctx, name, &blob.WriterOptions{
		ContentType: "application/octet-stream", BufferSize: 5 << 20, MaxConcurrency: 2,
		BeforeWrite: func(as func(any) bool) error {
			as(&file)
			return nil
		},
	})
	if err != nil {
		return o, fmt.Errorf("write an object: %w: %w", ErrAway, err)
	}
	size, sum, err := sealTo(w, box, salt, r, most)
	if err == nil && file != nil {
		if err = file.Sync(); err != nil {
			err = fmt.Errorf("%w: %w", ErrAway, err)
		}
	}
	if err != nil {
		abandon()
		_ = w.Close() // says that it was abandoned
		return o, fmt.Errorf("write an object: %w", err)
	}
	if err := w.Close(); err != nil {
		return o, fmt.Errorf("write an object: %w: %w", ErrAway, err)
	}
	if s.dir != "" {
		if err := settle(filepath.Dir(filepath.Join(s.dir, filepath.FromSlash(name)))); err != nil {
			return o, fmt.Errorf("write an object: %w: %w", ErrAway, err)
		}
	}
	return Object{name, size, hex.EncodeToString(sum)}, nil
}

// settle writes a folder to the disk, so that a new file in it outlives a power cut.
func settle(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func sealTo(w io.Writer, box cipher.AEAD, salt []byte, r io.Reader, most int64) (size int64, sum []byte, err error) {
	put := func(b []byte) error {
		if _, err := w.Write(b); err != nil {
			return fmt.Errorf("%w: %w", ErrAway, err)
		}
		return nil
	}
	if err := put(append([]byte(mark), salt...)); err != nil {
		return 0, nil, err
	}
	this, next := frames.Get().(*[]byte), frames.Get().(*[]byte)
	defer func() { frames.Put(this); frames.Put(next) }()
	hash := sha256.New()
	read := func(b []byte) (int, error) {
		n, err := fill(r, b[:frame])
		hash.Write(b[:n])
		if size += int64(n); err == nil && size > most {
			err = ErrTooLong
		}
		return n, err
	}
	n, err := read(*this)
	if err != nil {
		return 0, nil, err
	}
	for number := int64(0); ; number++ {
		after := 0
		if n == frame {
			if after, err = read(*next); err != nil {
				return 0, nil, err
			}
		}
		if err := put(box.Seal((*this)[:0], nonce(number, after == 0), (*this)[:n], []byte(mark))); err != nil {
			return 0, nil, err
		}
		if after == 0 {
			return size, hash.Sum(nil), nil
		}
		this, next, n = next, this, after
	}
}

// fill reads until b is full or r ends. Only io.EOF is an end: io.ReadFull could not tell
// a content that ends in the middle of a frame from a line that dropped there.
func fill(r io.Reader, b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var m int
		m, err = r.Read(b[n:])
		n += m
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

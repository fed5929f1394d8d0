// Package clamd asks ClamAV's daemon whether content has a virus, over the socket that the
// daemon listens on. Source: clamd(8), commands INSTREAM and VERSION.
package clamd

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"trustedtrader/app/evidence"
)

// Scanner is a daemon at an address.
type Scanner struct {
	network, address string

	// Patience is how long the daemon may take for a step: to be reached, to take a piece
	// of content, to answer.
	Patience time.Duration
}

const chunk = 64 << 10

// New reads an address: tcp://host:3310, unix:///run/clamav/clamd.ctl or the path of the
// socket. It does not reach for it.
func New(address string) (*Scanner, error) {
	s := &Scanner{Patience: 2 * time.Minute}
	switch {
	case strings.HasPrefix(address, "tcp://"):
		s.network, s.address = "tcp", strings.TrimSuffix(strings.TrimPrefix(address, "tcp://"), "/")
		if _, _, err := net.SplitHostPort(s.address); err != nil {
			return nil, fmt.Errorf("write tcp://host:3310: %w", err)
		}
	case strings.HasPrefix(address, "unix://"), strings.HasPrefix(address, "/"):
		s.network, s.address = "unix", strings.TrimPrefix(address, "unix://")
	default:
		return nil, errors.New("write tcp://host:3310 or the path of the daemon's socket")
	}
	return s, nil
}

// dial opens a connection for one command; each step on it has a deadline of its own, and
// none outlives ctx.
func (s *Scanner) dial(ctx context.Context) (net.Conn, func(), error) {
	d := net.Dialer{Timeout: min(s.Patience, 10*time.Second)}
	c, err := d.DialContext(ctx, s.network, s.address)
	if err != nil {
		return nil, nil, fmt.Errorf("reach the virus scanner: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	return c, func() { stop(); _ = c.Close() }, nil
}

func (s *Scanner) patient(ctx context.Context, c net.Conn) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return c.SetDeadline(time.Now().Add(s.Patience))
}

// Ping asks for the daemon's version and that of its signatures.
func (s *Scanner) Ping(ctx context.Context) (string, error) {
	c, end, err := s.dial(ctx)
	if err != nil {
		return "", err
	}
	defer end()
	if err := s.patient(ctx, c); err != nil {
		return "", err
	}
	if _, err := io.WriteString(c, "zVERSION\x00"); err != nil {
		return "", fmt.Errorf("ask the virus scanner: %w", err)
	}
	return answer(c)
}

// Scan sends content in pieces and names what was found in it.
func (s *Scanner) Scan(ctx context.Context, content evidence.Content) (found string, err error) {
	c, end, err := s.dial(ctx)
	if err != nil {
		return "", err
	}
	defer end()
	// The answer is listened for from the beginning: a daemon to which the content is too
	// long says so in the middle and hangs up.
	type said struct {
		text string
		err  error
	}
	heard := make(chan said, 1)
	go func() {
		text, err := answer(c)
		heard <- said{text, err}
	}()
	sent := s.send(ctx, c, content, func() bool { return len(heard) > 0 })
	if errors.Is(sent, errContent) {
		return "", sent
	}
	a := <-heard // the deadline of the last step ends this
	switch {
	case a.err != nil:
		return "", errors.Join(ctx.Err(), sent, a.err)
	case strings.HasSuffix(a.text, " FOUND"):
		return strings.TrimSuffix(strings.TrimPrefix(a.text, "stream: "), " FOUND"), nil
	case strings.Contains(a.text, "size limit exceeded"):
		return "", evidence.ErrTooLarge
	case sent == nil && a.text == "stream: OK":
		return "", nil
	}
	return "", errors.Join(sent, fmt.Errorf("the virus scanner says %.100q", a.text))
}

var (
	errContent = errors.New("the content cannot be read")
	errEarly   = errors.New("the virus scanner answered before it had everything")
)

func (s *Scanner) send(ctx context.Context, c net.Conn, content io.Reader, answered func() bool) error {
	if err := s.patient(ctx, c); err != nil {
		return err
	}
	if _, err := io.WriteString(c, "zINSTREAM\x00"); err != nil {
		return fmt.Errorf("send to the virus scanner: %w", err)
	}
	b := make([]byte, 4+chunk, 8+chunk)
	for last := false; !last; {
		n, err := content.Read(b[4:])
		if last = errors.Is(err, io.EOF); err != nil && !last {
			return fmt.Errorf("%w: %w", errContent, err)
		}
		if answered() {
			return errEarly
		}
		if err := s.patient(ctx, c); err != nil {
			return err
		}
		binary.BigEndian.PutUint32(b, uint32(n))
		piece := b[:4+n]
		if n == 0 {
			piece = nil
		}
		if last {
			piece = append(piece, 0, 0, 0, 0)
		}
		if _, err := c.Write(piece); err != nil {
			return fmt.Errorf("send to the virus scanner: %w", err)
		}
	}
	return nil
}

// answer reads one answer, which ends with a zero byte.
func answer(c io.Reader) (string, error) {
	text, err := bufio.NewReader(io.LimitReader(c, 4<<10)).ReadString(0)
	if err != nil {
		return "", fmt.Errorf("hear from the virus scanner: %w", err)
	}
	return strings.TrimSuffix(text, "\x00"), nil
}

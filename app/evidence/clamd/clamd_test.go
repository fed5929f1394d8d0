package clamd

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"trustedtrader/app/evidence"
	"trustedtrader/app/evidence/evidencetest"
)

// daemon is a clamd as far as we speak to it.
func daemon(t *testing.T, network string, most int) string {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "clamd.ctl")
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				serve(c, most)
			}()
		}
	}()
	if network == "unix" {
		return address
	}
	return "tcp://" + l.Addr().String()
}

func serve(c net.Conn, most int) {
	command := make([]byte, 0, 16)
	for one := make([]byte, 1); ; command = append(command, one[0]) {
		if _, err := c.Read(one); err != nil || one[0] == 0 {
			break
		}
	}
	say := func(s string) { _, _ = io.WriteString(c, s+"\x00") }
	switch string(command) {
	case "zVERSION":
		say("ClamAV 1.4.2/27500/Mon Mar  2 2026")
		return
	case "zINSTREAM":
	default:
		say("UNKNOWN COMMAND")
		return
	}
	var all []byte
	for size := make([]byte, 4); ; {
		if _, err := io.ReadFull(c, size); err != nil {
			return
		}
		n := binary.BigEndian.Uint32(size)
		if n == 0 {
			break
		}
		if len(all)+int(n) > most {
			say("INSTREAM size limit exceeded. ERROR")
			return
		}
		piece := make([]byte, n)
		if _, err := io.ReadFull(c, piece); err != nil {
			return
		}
		all = append(all, piece...)
	}
	switch {
	case bytes.Contains(all, []byte("drop")):
		return
	case bytes.Contains(all, []byte("hang")):
		time.Sleep(5 * time.Second)
	case bytes.Contains(all, []byte("odd")):
		say("stream: Can't allocate memory ERROR")
	case bytes.Contains(all, evidencetest.Eicar()):
		say("stream: Win.Test.EICAR_HDB-1 FOUND")
	default:
		say("stream: OK")
	}
}

type content struct{ io.Reader }

func (content) Size() int64 { return 0 }

func scan(s *Scanner, text string) (string, error) {
	return s.Scan(context.Background(), content{strings.NewReader(text)})
}

func TestScan(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp", "unix"} {
		s, err := New(daemon(t, network, 1<<20))
		if err != nil {
			t.Fatal(err)
		}
		s.Patience = 2 * time.Second
		if v, err := s.Ping(context.Background()); err != nil || !strings.HasPrefix(v, "ClamAV") {
			t.Errorf("ping: %q %v", v, err)
		}
		for _, text := range []string{"", "x", strings.Repeat("clean ", 150_000)} {
			if found, err := scan(s, text); found != "" || err != nil {
				t.Errorf("%d clean bytes: %q %v", len(text), found, err)
			}
		}
		for _, text := range []string{string(evidencetest.Eicar()), strings.Repeat("x", chunk-20) + string(evidencetest.Eicar())} {
			if found, err := scan(s, text); found != "Win.Test.EICAR_HDB-1" || err != nil {
				t.Errorf("a virus: %q %v", found, err)
			}
		}
		if _, err := scan(s, strings.Repeat("x", 60<<20)); !errors.Is(err, evidence.ErrTooLarge) {
			t.Errorf("too much: %v", err)
		}
		for what, text := range map[string]string{"dropping": "drop", "odd": "odd"} {
			if found, err := scan(s, text); found != "" || err == nil || errors.Is(err, evidence.ErrTooLarge) {
				t.Errorf("%s: %q %v", what, found, err)
			}
		}
		s.Patience = 300 * time.Millisecond
		start := time.Now()
		if found, err := scan(s, "hang"); found != "" || err == nil || time.Since(start) > 3*time.Second {
			t.Errorf("hanging: %q %v after %s", found, err, time.Since(start))
		}
		s.Patience = time.Minute
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		if _, err := s.Scan(ctx, content{strings.NewReader("hang")}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("out of time: %v", err)
		}
		cancel()
		broken := errors.New("broken")
		if _, err := s.Scan(context.Background(), content{io.MultiReader(strings.NewReader("x"), readerFunc(func([]byte) (int, error) { return 0, broken }))}); !errors.Is(err, broken) {
			t.Errorf("content that cannot be read: %v", err)
		}
		if _, err := s.Scan(context.Background(), content{readerFunc(func([]byte) (int, error) { return 0, io.ErrUnexpectedEOF })}); err == nil {
			t.Error("content that was cut off is clean")
		}
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	for address, ok := range map[string]bool{"tcp://127.0.0.1:1": true, "/nowhere/clamd.ctl": true, "unix:///nowhere/x": true, "127.0.0.1:3310": false, "tcp://x": false, "": false, "http://x:1": false} {
		s, err := New(address)
		if (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
		if s == nil {
			continue
		}
		if _, err := s.Ping(context.Background()); err == nil {
			t.Errorf("%s answers", address)
		}
		if found, err := scan(s, "x"); err == nil || found != "" {
			t.Errorf("%s scans", address)
		}
	}
}

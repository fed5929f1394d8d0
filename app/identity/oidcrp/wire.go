package oidcrp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

const (
	timeout    = 10 * time.Second // of one request to the provider
	answerSize = 1 << 20          // bytes of one answer; discovery and keys take a few kilobytes
	keyPause   = 30 * time.Second // without another look for a key that was not there
	netPause   = 5 * time.Second  // without another look when the keys could not be fetched
)

var (
	errTooLarge = fmt.Errorf("the answer is larger than %d bytes", answerSize)
	errPause    = errors.New("the keys were fetched moments ago")
)

// bounded returns a copy of c that gives up after ten seconds, follows no
// redirect and reads no more than a mebibyte.
func bounded(c *http.Client) *http.Client {
	out := http.Client{}
	if c != nil {
		out = *c
	}
	if out.Timeout <= 0 || out.Timeout > timeout {
		out.Timeout = timeout
	}
	// A provider's own endpoints answer themselves. A redirect would carry the
	// code, the secret or the access token to a place that nobody configured.
	out.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	next := out.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	out.Transport = &limited{next}
	return &out
}

type limited struct{ next http.RoundTripper }

func (l *limited) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(r)
	if err == nil {
		resp.Body = &limitedBody{ReadCloser: resp.Body, left: answerSize}
	}
	return resp, err
}

type limitedBody struct {
	io.ReadCloser
	left int
}

func (b *limitedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, errTooLarge
	}
	if len(p) > b.left+1 {
		p = p[:b.left+1] // one more than allowed shows that there is more
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= n
	if b.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}

// pause is a time in which no keys are fetched.
type pause struct {
	now   func() time.Time
	mu    sync.Mutex
	until time.Time
}

func (p *pause) over() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.now().Before(p.until)
}

func (p *pause) start(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until = p.now().Add(d)
}

// keySet is go-oidc's remote key set with a pause. By itself it asks the
// provider again for every token whose key it does not know, so that a stream
// of tokens with made-up key ids would hammer the provider. Here a look that
// finds nothing is followed by thirty seconds without another; a look that
// finds the key is followed by none, so a rotation works at once.
type keySet struct {
	remote *oidc.RemoteKeySet
	pause  *pause
}

func newKeySet(client *http.Client, p *pause, url string) *keySet {
	gated := *client
	gated.Transport = &gate{client.Transport, p}
	return &keySet{oidc.NewRemoteKeySet(oidc.ClientContext(context.Background(), &gated), url), p}
}

// gate lets a request for keys through, unless there is a pause.
type gate struct {
	next  http.RoundTripper
	pause *pause
}

func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	if !g.pause.over() {
		return nil, errPause
	}
	resp, err := g.next.RoundTrip(r)
	if err == nil {
		err = readKeys(resp)
	}
	if err != nil {
		g.pause.start(netPause)
		return nil, &keysError{err}
	}
	return resp, nil
}

// readKeys reads the answer through, so that one which is cut off, too large or
// no JSON counts as an outage and not as a verdict on the token.
func readKeys(resp *http.Response) error {
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	switch {
	case err != nil:
		return err
	case resp.StatusCode != http.StatusOK:
		return errors.New(resp.Status)
	case !json.Valid(body):
		return errors.New("the answer is no JSON")
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// keysError marks that keys could not be fetched, which is an outage and no
// verdict on the token.
type keysError struct{ err error }

func (e *keysError) Error() string { return "fetch keys: " + e.err.Error() }
func (e *keysError) Unwrap() error { return e.err }

// outage is where VerifySignature leaves an error of the fetch, which go-oidc
// would flatten into a string.
type outage struct{ err error }

type outageKey struct{}

// VerifySignature implements oidc.KeySet.
func (k *keySet) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	payload, err := k.remote.VerifySignature(ctx, jwt)
	if err == nil {
		return payload, nil
	}
	var fetch *keysError
	if errors.Is(err, errPause) || errors.As(err, &fetch) || ctx.Err() != nil {
		if o, ok := ctx.Value(outageKey{}).(*outage); ok {
			o.err = err
		}
		return nil, err
	}
	k.pause.start(keyPause)
	return nil, err
}

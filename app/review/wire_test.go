package review_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"trustedtrader/app/apptest"
	"trustedtrader/app/pg"
)

// wire is a database connection whose statements and round trips are counted on the
// way: what a page costs, seen from outside the code that spends it.
type wire struct{ statements, trips atomic.Int64 }

// counted opens the database of dsn through a wire.
func counted(t *testing.T, dsn string) (*pg.DB, *wire) {
	t.Helper()
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	network, address := pgAddress(cfg)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial(network, address)
			if err != nil {
				_ = client.Close()
				return
			}
			go func() { _, _ = io.Copy(client, server); _ = client.Close() }()
			go func() { w.count(client, server); _ = server.Close() }()
		}
	}()
	host, port, _ := net.SplitHostPort(listener.Addr().String())
	db, err := pg.Open(context.Background(), "host="+host+" port="+port+" user="+cfg.User+" dbname="+cfg.Database+" sslmode=disable password="+quoted(cfg.Password), apptest.Quiet())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close(); _ = listener.Close() })
	return db, w
}

func pgAddress(cfg *pgx.ConnConfig) (network, address string) {
	if strings.HasPrefix(cfg.Host, "/") {
		return "unix", cfg.Host + "/.s.PGSQL." + portText(cfg.Port)
	}
	return "tcp", net.JoinHostPort(cfg.Host, portText(cfg.Port))
}

func portText(p uint16) string {
	var b []byte
	for n := p; n > 0; n /= 10 {
		b = append([]byte{byte('0' + n%10)}, b...)
	}
	return string(b)
}

func quoted(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// count passes the client's messages on and counts Execute and Query (a statement each)
// and Sync and Query (a round trip each).
func (w *wire) count(client io.Reader, server io.Writer) {
	started := false
	for {
		head := make([]byte, 4)
		kind := byte(0)
		if started {
			one := make([]byte, 1)
			if _, err := io.ReadFull(client, one); err != nil {
				return
			}
			kind = one[0]
			if _, err := server.Write(one); err != nil {
				return
			}
		}
		if _, err := io.ReadFull(client, head); err != nil {
			return
		}
		if _, err := server.Write(head); err != nil {
			return
		}
		if _, err := io.CopyN(server, client, int64(binary.BigEndian.Uint32(head))-4); err != nil {
			return
		}
		started = true
		switch kind {
		case 'E':
			w.statements.Add(1)
		case 'S':
			w.trips.Add(1)
		case 'Q':
			w.statements.Add(1)
			w.trips.Add(1)
		}
	}
}

// of runs a page twice, so that statements are prepared already, and counts the second time.
func (w *wire) of(t *testing.T, page func() error) (statements, trips int64) {
	t.Helper()
	for range 2 {
		w.statements.Store(0)
		w.trips.Store(0)
		if err := page(); err != nil {
			t.Fatal(err)
		}
	}
	return w.statements.Load(), w.trips.Load()
}

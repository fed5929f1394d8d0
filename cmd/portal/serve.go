package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"trustedtrader/app/pg"
	"trustedtrader/config"
)

// owner is the address for migrations: their user owns the tables.
func owner(cfg config.Config) string {
	if cfg.OwnerURL != "" {
		return string(cfg.OwnerURL)
	}
	return string(cfg.DatabaseURL)
}

func migrate(ctx context.Context, e *environment, _ []string) error {
	cfg, err := e.config()
	if err != nil {
		return err
	}
	if cfg.DatabaseURL == "" && cfg.OwnerURL == "" {
		return errors.New("DATABASE_URL is missing")
	}
	return pg.Migrate(ctx, owner(cfg), e.log)
}

func serve(ctx context.Context, e *environment, _ []string) error {
	cfg, err := e.config()
	if err != nil {
		return err
	}
	if cfg.DatabaseURL == "" {
		return errors.New("DATABASE_URL is missing; `make run` starts a private database")
	}
	if pending, err := pg.Pending(ctx, owner(cfg)); err != nil {
		return err
	} else if len(pending) > 0 {
		return fmt.Errorf("the database lacks %s: run `portal migrate` first", strings.Join(pending, ", "))
	}
	db, err := pg.Open(ctx, string(cfg.DatabaseURL), e.log)
	if err != nil {
		return err
	}
	defer db.Close()
	p, err := wire(ctx, e, cfg, db)
	if err != nil {
		return err
	}
	return p.serve(ctx, e)
}

// drain is how long a load balancer gets to notice that this replica is leaving.
const drain = 2 * time.Second

// serve answers requests and works jobs until ctx ends, then finishes what is under way.
func (p *parts) serve(ctx context.Context, e *environment) (err error) {
	if err := p.catalogues.Sync(ctx); err != nil {
		return err
	}
	if err := p.benefits.Resume(ctx); err != nil {
		return err
	}
	working, leaving := make(chan struct{}), make(chan struct{})
	p.web.Ready = func(ctx context.Context) error {
		select {
		case <-leaving:
			return errors.New("leaving")
		default:
		}
		select {
		case <-working:
			return p.db.Pool().Ping(ctx)
		default:
			return errors.New("the job queue is not there yet") // a start that fails now ends the portal
		}
	}
	app := p.web.App()
	listener, err := net.Listen("tcp", p.cfg.Addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w. Stop the other program, or set PORTAL_ADDR to another port", p.cfg.Addr, err)
	}
	failed := make(chan error, 2)
	go func() { failed <- app.Listener(listener) }()
	stopMetrics, err := p.serveMetrics(failed)
	if err != nil {
		return errors.Join(err, app.Shutdown())
	}
	if err := p.runner.Start(ctx); err != nil {
		return errors.Join(err, app.Shutdown())
	}
	close(working)
	e.log.Info("serving", "address", p.cfg.Addr, "url", p.cfg.BaseURL.String())

	select {
	case err = <-failed:
	case <-ctx.Done():
		close(leaving)
		if !p.cfg.Dev() {
			time.Sleep(drain)
		}
	}
	stopping, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return errors.Join(err, app.ShutdownWithContext(stopping), p.runner.Stop(stopping), stopMetrics(stopping))
}

// serveMetrics opens /metrics on a listener of its own, away from the public, and the
// health checks with it, for those who probe there.
func (p *parts) serveMetrics(failed chan<- error) (stop func(context.Context) error, err error) {
	if p.cfg.Metrics == "" {
		return func(context.Context) error { return nil }, nil
	}
	listener, err := net.Listen("tcp", p.cfg.Metrics)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w. Set PORTAL_METRICS_ADDR to another port, or to nothing", p.cfg.Metrics, err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(p.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		if err := p.web.Ready(ctx); err != nil {
			http.Error(w, "not ready", http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "ready\n")
	})
	s := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := s.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	}()
	return s.Shutdown, nil
}

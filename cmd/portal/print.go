package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// printer turns a page of ours into PDF with Chromium, the one renderer at hand that
// writes tagged, accessible files, with its headings as bookmarks. The page reaches nothing: names do not resolve.
// Nil without a browser. One page is printed at a time: several browsers at once starve a
// small machine, and with it everybody who waits for a page.
func printer(browser string) func(ctx context.Context, html string) ([]byte, error) {
	if browser == "" {
		return nil
	}
	turn := make(chan struct{}, 1)
	return func(ctx context.Context, html string) (pdf []byte, err error) {
		select {
		case turn <- struct{}{}:
			defer func() { <-turn }()
		case <-ctx.Done():
			return nil, fmt.Errorf("print: wait for the page before: %w", ctx.Err())
		}
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		dir, err := os.MkdirTemp("", "portal-print-")
		if err != nil {
			return nil, fmt.Errorf("print: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		page, out := filepath.Join(dir, "page.html"), filepath.Join(dir, "page.pdf")
		if err := os.WriteFile(page, []byte(html), 0o600); err != nil {
			return nil, fmt.Errorf("print: %w", err)
		}
		args := []string{"--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
			"--disable-sync", "--disable-extensions", "--host-resolver-rules=MAP * ~NOTFOUND", "--user-data-dir=" + filepath.Join(dir, "profile"),
			"--no-pdf-header-footer", "--generate-pdf-document-outline", "--print-to-pdf=" + out, "file://" + page}
		if os.Geteuid() == 0 {
			args = append([]string{"--no-sandbox"}, args...) // Chromium's sandbox refuses root
		}
		if err := exec.CommandContext(ctx, browser, args...).Run(); err != nil {
			return nil, fmt.Errorf("print with %s: %w", browser, err)
		}
		return os.ReadFile(out)
	}
}

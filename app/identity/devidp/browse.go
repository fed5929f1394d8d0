package devidp

import (
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

var hiddenField = regexp.MustCompile(`<input type="hidden" name="(request|token)" value="([^"]*)"`)

// Answer signs in as a browser would, without one: it opens the address that
// the portal sent the browser to, picks the person with that e-mail address
// (anybody else's is typed into the form with the name "Test Person"), and
// returns the portal's address that the provider sends the browser back to. An
// empty email presses Cancel. The client keeps the session when it has a jar.
// It is for tests.
func (s *Server) Answer(ctx context.Context, client *http.Client, address, email string) (*url.URL, error) {
	local := *client
	local.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Host != s.base.Host {
			return http.ErrUseLastResponse
		}
		return nil
	}
	resp, page, err := send(ctx, &local, http.MethodGet, address, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("open sign-in page: %w", err)
	}
	if resp.StatusCode == http.StatusOK {
		form := url.Values{}
		for _, m := range hiddenField.FindAllStringSubmatch(page, -1) {
			form.Set(m[1], html.UnescapeString(m[2]))
		}
		a := s.audiences[strings.Split(strings.TrimPrefix(resp.Request.URL.Path, "/"), "/")[0]]
		if a == nil {
			return nil, fmt.Errorf("open sign-in page: %s is no audience's", resp.Request.URL.Path)
		}
		if email == "" {
			form.Set("cancel", "yes")
		} else if p, ok := a.person(func(p Person) bool { return strings.EqualFold(p.Email, email) }); ok {
			form.Set("person", p.Subject)
		} else {
			form.Set("name", "Test Person")
			form.Set("email", email)
		}
		// Without a jar the form would not fit: pass on what the page set.
		var cookies []*http.Cookie
		if local.Jar == nil {
			cookies = resp.Cookies()
		}
		if resp, page, err = send(ctx, &local, http.MethodPost, a.at("sign-in"), form, cookies); err != nil {
			return nil, fmt.Errorf("answer sign-in page: %w", err)
		}
	}
	back, err := resp.Location()
	if err != nil {
		return nil, fmt.Errorf("sign in: %s: %.300s", resp.Status, page)
	}
	return back, nil
}

func send(ctx context.Context, client *http.Client, method, address string, form url.Values, cookies []*http.Cookie) (*http.Response, string, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, "", err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, c := range cookies {
		req.AddCookie(c)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, string(body), err
}

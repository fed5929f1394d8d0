package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/jackc/pgx/v5"
)

// visitor is somebody signed in.
type visitor struct {
	person, company string
	application     string // one to submit
	email           string
	cookie          string
	client          *http.Client
}

func cookies(list []visitor) (out []string) {
	for _, v := range list {
		out = append(out, v.cookie)
	}
	return out
}

func scanVisitor(row pgx.CollectableRow) (v visitor, err error) {
	err = row.Scan(&v.person, &v.company, &v.application, &v.email)
	return v, err
}

// visitors signs people in through the provider.
func (b *bench) visitors(ctx context.Context, conn *pgx.Conn, audience, sql string) ([]visitor, error) {
	rows, err := conn.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, scanVisitor)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("nobody of %s", audience)
	}
	for i := range list {
		if err := b.signIn(ctx, audience, b.base+"/signin/"+audience, &list[i], 100+i); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// signIn goes from the sign-in link to the first page as a browser does.
func (b *bench) signIn(ctx context.Context, audience, address string, v *visitor, turn int) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	var last *url.URL
	v.client = &http.Client{Jar: jar, Timeout: 30 * time.Second, Transport: from(fmt.Sprintf("10.9.%d.%d", turn/200, 1+turn%200)),
		CheckRedirect: func(r *http.Request, _ []*http.Request) error {
			if strings.HasPrefix(r.URL.String(), strings.TrimSuffix(b.issuer, "companies")) {
				last = r.URL
				return http.ErrUseLastResponse
			}
			return nil
		}}
	r, err := v.client.Get(address)
	if err != nil {
		return err
	}
	_ = r.Body.Close()
	if last == nil {
		return fmt.Errorf("%s does not lead to the provider: %s", address, r.Status)
	}
	back, err := b.idp.Answer(ctx, &http.Client{Timeout: 30 * time.Second}, last.String(), v.email)
	if err != nil {
		return err
	}
	if r, err = v.client.Get(back.String()); err != nil {
		return err
	}
	_ = r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return fmt.Errorf("sign in as %s of %s: %s", v.email, audience, r.Status)
	}
	for _, c := range jar.Cookies(back) {
		if c.Name == "portal" {
			v.cookie = c.Value
		}
	}
	return nil
}

// from makes requests come from an address of their own, as behind a proxy: one address
// may not sign in hundreds of times.
type from string

func (f from) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Forwarded-For", string(f))
	return http.DefaultTransport.RoundTrip(r)
}

// submission opens the page with the button and fills in its form.
func (b *bench) submission(v *visitor) (url.Values, error) {
	r, err := v.client.Get(b.base + "/applications/" + v.application + "/check")
	if err != nil {
		return nil, err
	}
	page, err := goquery.NewDocumentFromReader(r.Body)
	if err := errors.Join(err, r.Body.Close()); err != nil {
		return nil, err
	}
	form := url.Values{}
	page.Find(`form[action$="/submit"] input[name]`).Each(func(_ int, s *goquery.Selection) {
		form.Set(s.AttrOr("name", ""), s.AttrOr("value", ""))
	})
	if len(form) == 0 {
		return nil, fmt.Errorf("application %s has no button to submit it: %s", v.application, strings.Join(strings.Fields(page.Find("main").Text()), " "))
	}
	form.Set("attested", "yes")
	form.Set("name", page.Find(".tt-who__name").First().Text())
	return form, nil
}

func (b *bench) submit(v *visitor, form url.Values) error {
	client := *v.client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return post(&client, b.base+"/applications/"+v.application+"/submit", "application/x-www-form-urlencoded", strings.NewReader(form.Encode()), http.StatusSeeOther)
}

func post(client *http.Client, address, kind string, body interface{ Read([]byte) (int, error) }, want int) error {
	r, err := client.Post(address, kind, body)
	if err != nil {
		return err
	}
	_ = r.Body.Close()
	if r.StatusCode != want {
		return fmt.Errorf("%s: %s", address, r.Status)
	}
	return nil
}

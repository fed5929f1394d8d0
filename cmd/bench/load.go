package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/valyala/fasthttp"
)

// target is one address as one of several people asks for it, in turn.
type target struct {
	base    string
	path    func(i int) string // of the ith request
	cookies []string           // one per person; none for the twin
}

func (t target) request(client *fasthttp.Client, i int, then func(*fasthttp.Response) error) error {
	req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(res)
	req.SetRequestURI(t.base + t.path(i))
	if n := len(t.cookies); n > 0 {
		req.Header.Set("Cookie", "portal="+t.cookies[i%n])
	}
	if err := client.DoTimeout(req, res, 30*time.Second); err != nil {
		return fmt.Errorf("%s: %w", t.path(i), err)
	}
	if res.StatusCode() != fasthttp.StatusOK {
		return fmt.Errorf("%s: status %d", t.path(i), res.StatusCode())
	}
	if then != nil {
		return then(res)
	}
	return nil
}

// people is how many ask at the same time.
const people = 4

// rate asks n times and returns the requests per second.
func (t target) rate(client *fasthttp.Client, from, n int) (float64, error) {
	var group sync.WaitGroup
	failed := make([]error, people)
	begin := time.Now()
	for k := range people {
		group.Go(func() {
			for i := k; i < n && failed[k] == nil; i += people {
				failed[k] = t.request(client, from+i, nil)
			}
		})
	}
	group.Wait()
	took := time.Since(begin)
	for _, err := range failed {
		if err != nil {
			return 0, err
		}
	}
	return float64(n) / took.Seconds(), nil
}

// pace is how much is measured.
type pace struct{ rounds, requests int }

// compare measures a page and its twin in turns: what disturbs the machine disturbs
// both, and the median of the ratios leaves out what hit only one.
func compare(client *fasthttp.Client, page, twin target, p pace) (ratio, pageRate, twinRate float64, err error) {
	if err := alike(client, page, twin); err != nil {
		return 0, 0, 0, err
	}
	var ratios, pages, twins []float64
	for round := range p.rounds + 1 {
		a, err := page.rate(client, round*p.requests, p.requests)
		if err != nil {
			return 0, 0, 0, err
		}
		b, err := twin.rate(client, round*p.requests, p.requests)
		if err != nil {
			return 0, 0, 0, fmt.Errorf("twin: %w", err)
		}
		if round > 0 { // the first one warms up
			ratios, pages, twins = append(ratios, a/b), append(pages, a), append(twins, b)
		}
	}
	return median(ratios), median(pages), median(twins), nil
}

func median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	n := len(list)
	if n%2 == 1 {
		return list[n/2]
	}
	return (list[n/2-1] + list[n/2]) / 2
}

// alike refuses a twin that shows less than the page: the same rows, and about as much text.
// The portal may still be writing letters about what it found in the copied data, so it has
// some time to come to rest.
func alike(client *fasthttp.Client, page, twin target) (err error) {
	for range 30 {
		if err = alikeNow(client, page, twin); err == nil {
			return nil
		}
		time.Sleep(time.Second)
	}
	return err
}

func alikeNow(client *fasthttp.Client, page, twin target) error {
	var rows, size [2]int
	for i, t := range []target{page, twin} {
		err := t.request(client, 0, func(res *fasthttp.Response) error {
			d, err := goquery.NewDocumentFromReader(strings.NewReader(string(res.Body())))
			rows[i], size[i] = d.Find("main tr, main li").Length(), len(res.Body())
			return err
		})
		if err != nil {
			return err
		}
	}
	if rows[0] != rows[1] || size[1]*100 < size[0]*90 || size[1]*90 > size[0]*100 {
		return fmt.Errorf("%s: the page has %d rows in %d bytes, its twin %d in %d: they cannot be compared", page.path(0), rows[0], size[0], rows[1], size[1])
	}
	return nil
}

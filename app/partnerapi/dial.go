package partnerapi

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"syscall"
	"time"
)

// Limits of one message.
const (
	dialTime    = 5 * time.Second
	messageTime = 10 * time.Second
	mostReply   = 64 << 10
)

// errAddress is the refusal of an address that is no public one.
var errAddress = errors.New("the address is not a public one")

// refused lists what is routed but belongs to no stranger: shared address space, networks for
// tests and documentation, and ways to write an address of the old protocol in the new one.
var refused = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")

var routed = netip.MustParsePrefix("2000::/3")

func prefixes(list ...string) (out []netip.Prefix) {
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

// public reports whether an address is one of the open internet.
func public(a netip.Addr) bool {
	if a.Is4In6() || a.Zone() != "" { // written so to get past filters
		return false
	}
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.Is6() && !routed.Contains(a) {
		return false
	}
	return !slices.ContainsFunc(refused, func(p netip.Prefix) bool { return p.Contains(a) })
}

// guard looks at the very address that is dialled, after names were resolved: a name that
// leads elsewhere the second time it is asked is of no use. Local lets this machine through.
func guard(local bool) func(network, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return errAddress
		}
		if local && to.Addr().IsLoopback() {
			return nil
		}
		if !public(to.Addr()) || !slices.Contains(ports, to.Port()) {
			return errAddress
		}
		return nil
	}
}

// ports are those on which webhooks listen.
var ports = []uint16{443, 8443}

// client sends messages: to public addresses only, never by way of a proxy, and never on to
// where an answer points.
func client(local bool, resolver *net.Resolver) *http.Client {
	d := &net.Dialer{Timeout: dialTime, Control: guard(local), Resolver: resolver}
	return &http.Client{
		Timeout:       messageTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{Proxy: nil, DialContext: d.DialContext, TLSHandshakeTimeout: dialTime, DisableKeepAlives: true,
			MaxResponseHeaderBytes: 16 << 10, ResponseHeaderTimeout: messageTime, ForceAttemptHTTP2: true},
	}
}

// address checks where a webhook is to go. The address that its name leads to is looked at
// when it is dialled.
func address(text string, local bool) (string, bool) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || len(text) > 500 {
		return "", false
	}
	host := u.Hostname()
	ip, err := netip.ParseAddr(host)
	literal := err == nil
	if local && (host == "localhost" || literal && ip.IsLoopback()) && (u.Scheme == "http" || u.Scheme == "https") {
		return u.String(), true
	}
	if u.Scheme != "https" || literal && !public(ip) || u.Port() != "" && u.Port() != "443" && u.Port() != "8443" {
		return "", false
	}
	return u.String(), true
}

// contextOf bounds a message.
func contextOf(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, messageTime)
}

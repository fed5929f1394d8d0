package partnerapi

import (
	"errors"
	"net/netip"
	"testing"
	"time"
)

func TestPublicAddresses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"93.184.215.14": true, "8.8.8.8": true, "2606:2800:21f:cb07:6820:80da:af6b:8b2c": true,
		"127.0.0.1": false, "127.8.8.8": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false, "100.127.255.254": false,
		"0.0.0.0": false, "0.1.2.3": false, "192.0.0.8": false, "192.0.2.1": false, "198.18.0.1": false, "198.51.100.7": false, "203.0.113.9": false, "224.0.0.1": false, "240.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "fe80::1": false, "fe80::1%eth0": false, "fc00::1": false, "fd00:ec2::254": false, "ff02::1": false, "::ffff:127.0.0.1": false, "::ffff:8.8.8.8": false, "::7f00:1": false,
		"64:ff9b::7f00:1": false, "64:ff9b:1::1": false, "2002:7f00:1::1": false, "2001::1": false, "2001:db8::1": false, "3fff::1": false, "100::1": false,
	} {
		if got := public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s is public: %v", text, got)
		}
	}
	for address, want := range map[string]bool{"93.184.215.14:443": true, "93.184.215.14:8443": true, "93.184.215.14:22": false, "127.0.0.1:443": false, "[::1]:443": false, "[::ffff:10.0.0.1]:443": false, "localhost:443": false} {
		if err := guard(false)("tcp", address, nil); (err == nil) != want || err != nil && !errors.Is(err, errAddress) {
			t.Errorf("dialling %s: %v", address, err)
		}
	}
	if guard(true)("tcp", "127.0.0.1:9000", nil) != nil || guard(true)("tcp", "10.0.0.1:443", nil) == nil {
		t.Error("development reaches this machine, and no other that is not public")
	}
}

func TestAddressesOfWebhooks(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"https://hooks.example/a?b=c": true, "https://hooks.example:8443/": true, "https://93.184.215.14/": true,
		"http://hooks.example/": false, "https://user:secret@hooks.example/": false, "https://hooks.example:22/": false, "https://hooks.example/#x": false, "ftp://hooks.example/": false,
		"https://127.0.0.1/": false, "https://[::1]/": false, "https://[::ffff:8.8.8.8]/": false, "https://169.254.169.254/latest": false, "https:///x": false, "": false, "javascript:alert(1)": false,
	} {
		if _, ok := address(text, false); ok != want {
			t.Errorf("%q is taken: %v", text, ok)
		}
	}
	if _, ok := address("http://127.0.0.1:9000/hook", true); !ok {
		t.Error("development cannot use this machine")
	}
}

func TestRetriesHaveChance(t *testing.T) {
	t.Parallel()
	for i, want := range Retries() {
		different := map[time.Duration]bool{}
		for range 20 {
			d := after(i + 1)
			different[d] = true
			if d < want || d > want+want/5+1 {
				t.Errorf("try %d comes after %s, want %s and a little", i+1, d, want)
			}
		}
		if len(different) < 2 {
			t.Errorf("try %d comes always after the same time", i+1)
		}
	}
}

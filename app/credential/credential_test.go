package credential_test

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/makiuchi-d/gozxing"
	reader "github.com/makiuchi-d/gozxing/qrcode"
	qrcode "github.com/skip2/go-qrcode"

	"trustedtrader/app/apptest"
	"trustedtrader/app/credential"
	"trustedtrader/app/fault"
	"trustedtrader/app/finding/findingtest"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/signing"
)

func TestMain(m *testing.M) { apptest.Run(m) }

type world struct {
	*findingtest.World
	svc *credential.Service
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: findingtest.New(t, "2026-03-04T15:00:00Z")}
	keys, err := signing.Derive(make([]byte, 32))
	w.Must(err)
	w.svc = &credential.Service{DB: w.DB, Now: w.Clock.Now, Base: &url.URL{Scheme: "https", Host: "portal.example"}, Keys: keys}
	return w
}

// turn is what the portal does each minute.
func (w *world) turn() {
	w.T.Helper()
	_, err := w.svc.Issue(w.Ctx)
	w.Must(err)
	_, err = w.svc.Publish(w.Ctx)
	w.Must(err)
}

func (w *world) code(membership uuid.UUID) string {
	w.T.Helper()
	var list []credential.Code
	w.Must(w.DB.Batch(w.Ctx, pg.System, credential.CodeOf(&list, membership)))
	if len(list) != 1 {
		w.T.Fatalf("%d codes of a membership", len(list))
	}
	return list[0].Token
}

func (w *world) list(n int) string {
	w.T.Helper()
	text, err := w.svc.StatusList(w.Ctx, n)
	w.Must(err)
	return text
}

func (w *world) state(token string) credential.State {
	w.T.Helper()
	v, err := w.svc.Look(w.Ctx, token)
	w.Must(err)
	return v.State
}

// TestCodeInOtherHands reads the picture of a code with one foreign library and verifies what it
// holds with another.
func TestCodeInOtherHands(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, m := w.Member("Harbor Trading and Forwarding Company of the Eastern Seaboard LLC")
	w.turn()
	address := w.svc.Address(w.code(m))
	picture, err := qrcode.New(address, qrcode.Medium)
	w.Must(err)
	if picture.VersionNumber > 17 {
		t.Errorf("the code has version %d for %d characters: too fine to print", picture.VersionNumber, len(address))
	}
	var read *gozxing.Result
	for _, size := range []int{600, 800, 1000, 1200} { // as a phone looks again from nearer
		bitmap, err := gozxing.NewBinaryBitmapFromImage(picture.Image(size))
		w.Must(err)
		if read, err = reader.NewQRCodeReader().Decode(bitmap, nil); err == nil {
			break
		}
		t.Logf("at %d: %v", size, err)
	}
	if read == nil {
		t.Fatal("the code cannot be read")
	}
	if read.GetText() != address {
		t.Fatalf("the code says %q, not %q", read.GetText(), address)
	}
	public, err := json.Marshal(w.svc.Keys.Set())
	w.Must(err)
	set, err := jwk.Parse(public)
	w.Must(err)
	for what, token := range map[string]string{"code": strings.TrimPrefix(read.GetText(), "https://portal.example/v/"), "list": w.list(0)} {
		payload, err := jws.Verify([]byte(token), jws.WithKeySet(set))
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		var c struct {
			Sub, Nam string
			Exp      int64
			List     struct {
				Bits int    `json:"bits"`
				Lst  string `json:"lst"`
			} `json:"status_list"`
		}
		w.Must(json.Unmarshal(payload, &c))
		if what == "code" {
			if c.Sub != w.Text(`select number from membership where id = $1`, m) || len([]rune(c.Nam)) != 40 || time.Unix(c.Exp, 0).After(w.Clock.Now().AddDate(1, 0, 0)) {
				t.Errorf("code: %s", payload)
			}
			continue
		}
		packed, err := base64.RawURLEncoding.DecodeString(c.List.Lst)
		w.Must(err)
		z, err := zlib.NewReader(bytes.NewReader(packed))
		w.Must(err)
		raw, err := io.ReadAll(z)
		w.Must(err)
		if c.List.Bits != 2 || len(raw) != 131072/4 || c.Sub != "https://portal.example/.well-known/status-list/0" {
			t.Errorf("list: bits %d, %d bytes, %s", c.List.Bits, len(raw), c.Sub)
		}
	}
}

// TestLifeOfCode follows a code through suspension, end, change and time.
func TestLifeOfCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, m := w.Member("Harbor Trading LLC")
	_, other := w.Member("Second Trading LLC")
	if w.state("x") != credential.Forged {
		t.Error("nonsense is not told")
	}
	w.turn()
	token, second := w.code(m), w.code(other)
	for text, want := range map[string]credential.State{token: credential.Valid, w.svc.Address(token): credential.Valid, second: credential.Valid, token[:len(token)-4] + "AAAA": credential.Forged} {
		if got := w.state(text); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	before := w.list(0)
	w.turn()
	if w.list(0) != before || w.code(m) != token {
		t.Error("something is made anew although nothing has changed")
	}
	w.Exec(`update membership set status = 'suspended' where id = ?`, m)
	w.turn()
	if w.state(token) != credential.Suspended || w.state(second) != credential.Valid {
		t.Errorf("suspended: %s, the other: %s", w.state(token), w.state(second))
	}
	w.Exec(`update membership set status = 'active' where id = ?`, m)
	w.turn()
	if w.state(token) != credential.Valid {
		t.Errorf("reinstated: %s", w.state(token))
	}
	w.Exec(`update company set name = 'Harbor Lines LLC' where id = ?`, owner.CompanyID)
	w.turn()
	if w.state(token) != credential.Invalid || w.state(w.code(m)) != credential.Valid {
		t.Errorf("after a change of name: old %s, new %s", w.state(token), w.state(w.code(m)))
	}
	w.Exec(`update membership set status = 'ended', ended_on = '2026-03-04' where id = ?`, other)
	w.turn()
	if w.state(second) != credential.Invalid {
		t.Errorf("ended: %s", w.state(second))
	}
	token = w.code(m)
	w.Clock.Move(25 * time.Hour) // nobody makes lists any more
	if got := w.state(token); got != credential.CannotTell {
		t.Errorf("with a list whose time is over: %s", got)
	}
	w.Clock.Move(310 * 24 * time.Hour)
	w.turn()
	if fresh := w.code(m); fresh == token || w.state(token) != credential.Valid || w.state(fresh) != credential.Valid {
		t.Errorf("renewed: the old one is %s, the new one %s", w.state(token), w.state(fresh))
	}
	w.Clock.Move(60 * 24 * time.Hour)
	w.turn()
	if w.state(token) != credential.Expired {
		t.Errorf("after its time: %s", w.state(token))
	}
}

// TestOffline: what a verifier has decides, and what is missing is never taken for good.
func TestOffline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, m := w.Member("Harbor Trading LLC")
	w.turn()
	token, list, keys, now := w.code(m), w.list(0), w.svc.Keys.Set(), w.Clock.Now()
	strange, err := signing.Derive([]byte("another"))
	w.Must(err)
	elsewhere := *w.svc
	elsewhere.Base = &url.URL{Scheme: "https", Host: "other.example"}
	w.Exec(`update status_list set digest = ''`)
	_, err = elsewhere.Publish(w.Ctx)
	w.Must(err)
	foreign := w.list(0)
	for name, x := range map[string]struct {
		got, want credential.State
	}{
		"everything":         {credential.Verify(token, keys, list, now).State, credential.Valid},
		"no list":            {credential.Verify(token, keys, "", now).State, credential.CannotTell},
		"a list of yore":     {credential.Verify(token, keys, list, now.Add(24*time.Hour)).State, credential.CannotTell},
		"another's list":     {credential.Verify(token, keys, foreign, now).State, credential.CannotTell},
		"a list for a token": {credential.Verify(list, keys, list, now).State, credential.Forged},
		"a token for a list": {credential.Verify(token, keys, token, now).State, credential.CannotTell},
		"other keys":         {credential.Verify(token, strange.Set(), list, now).State, credential.Forged},
		"a year later":       {credential.Verify(token, keys, list, now.AddDate(1, 0, 0)).State, credential.Expired},
		"much text":          {credential.Verify(strings.Repeat("a", 3000), keys, list, now).State, credential.Forged},
	} {
		if x.got != x.want {
			t.Errorf("%s: %s, want %s", name, x.got, x.want)
		}
	}
}

// TestWallet recomputes a credential without the package.
func TestWallet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, m := w.Member("Harbor Trading LLC")
	w.turn()
	holder := `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`
	text, err := w.svc.Wallet(w.Ctx, owner, m, holder)
	w.Must(err)
	parts := strings.Split(text, "~")
	public, err := json.Marshal(w.svc.Keys.Set())
	w.Must(err)
	set, err := jwk.Parse(public)
	w.Must(err)
	payload, err := jws.Verify([]byte(parts[0]), jws.WithKeySet(set))
	w.Must(err)
	var c struct {
		VCT    string   `json:"vct"`
		SD     []string `json:"_sd"`
		Alg    string   `json:"_sd_alg"`
		Status struct {
			List struct {
				Idx int    `json:"idx"`
				URI string `json:"uri"`
			} `json:"status_list"`
		} `json:"status"`
		Cnf struct{ JWK map[string]string } `json:"cnf"`
	}
	w.Must(json.Unmarshal(payload, &c))
	head, err := base64.RawURLEncoding.DecodeString(strings.Split(parts[0], ".")[0])
	w.Must(err)
	if !strings.Contains(string(head), `"typ":"dc+sd-jwt"`) || c.VCT != credential.VCT || c.Alg != "sha-256" || c.Cnf.JWK["crv"] != "P-256" || c.Status.List.URI != "https://portal.example/.well-known/status-list/0" ||
		strings.Contains(string(payload), "Harbor") || parts[len(parts)-1] != "" {
		t.Errorf("credential: %s %s", head, payload)
	}
	told := map[string]string{}
	for _, d := range parts[1 : len(parts)-1] {
		sum := sha256.Sum256([]byte(d))
		if !slices.Contains(c.SD, base64.RawURLEncoding.EncodeToString(sum[:])) {
			t.Errorf("a disclosure is not signed: %s", d)
		}
		raw, err := base64.RawURLEncoding.DecodeString(d)
		w.Must(err)
		var x [3]string
		w.Must(json.Unmarshal(raw, &x))
		told[x[1]] = x[2]
	}
	if len(told) != len(c.SD) || told["name"] != "Harbor Trading LLC" || told["entity_type"] != "importer" || told["member_since"] != "2026-03-04" {
		t.Errorf("disclosed: %v", told)
	}
	if n := w.Count(`select count(*)::int from credential where kind = 'wallet' and position = $1`, c.Status.List.Idx); n != 1 {
		t.Error("its place is not kept")
	}
	stranger := w.Importer("Nosy Neighbor Inc")
	reader := owner
	reader.Role = identity.Editor
	for name, by := range map[string]identity.Actor{"a stranger": stranger, "an editor": reader, "the agency": w.Chief} {
		_, err := w.svc.Wallet(w.Ctx, by, m, "")
		w.Want(name, err, fault.NotFound)
	}
	_, err = w.svc.Wallet(w.Ctx, owner, m, "no key")
	w.Want("no key", err, fault.Invalid)
	w.Exec(`update membership set status = 'suspended' where id = ?`, m)
	_, err = w.svc.Wallet(w.Ctx, owner, m, "")
	w.Want("a suspended member", err, fault.Conflict)
}

func ExampleToken() {
	fmt.Println(credential.Token(" https://portal.example/v/a.b.c\n"))
	// Output: a.b.c
}

package demo_test

import (
	"bytes"
	"io/fs"
	"path/filepath"
	"testing"

	"trustedtrader/app/apptest"
	"trustedtrader/app/blob"
	"trustedtrader/app/catalogue"
	"trustedtrader/app/demo"
	"trustedtrader/app/evidence"
	"trustedtrader/app/identity"
	"trustedtrader/app/review/reviewtest"
	"trustedtrader/config"
)

// Whoever tries the demo with a company of their own need not answer everything.
func TestFillIn(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, "2026-11-24T15:30:00Z").WithCriteria()
	files, err := fs.Sub(config.Programmes, "programmes")
	w.Must(err)
	w.Steps.Profiles.Library, err = catalogue.Load(files)
	w.Must(err)
	store, err := blob.Open(w.Ctx, blob.Settings{Folder: filepath.Join(t.TempDir(), "evidence")})
	w.Must(err)
	p := demo.Portal{DB: w.DB, Applications: w.Applications, Profiles: w.Profiles, Evidence: &evidence.Service{DB: w.DB, Now: w.Clock.Now, Log: apptest.Quiet(),
		Store: store, Master: bytes.Repeat([]byte("k"), blob.KeySize), Quota: 100 << 20, Criteria: w.Steps.Profiles.Library}}
	for _, x := range []struct {
		owner             identity.Actor
		programme, entity string
		agreed            bool
		want              string
	}{{w.Importer("Harbor Trading LLC"), "ctpat", "importer", true, "accepted"}, {w.Trader("Compagnie Générale de Négoce"), "eu-aeo", "aeof", false, "submitted"}} {
		a, err := w.Applications.Choose(w.Ctx, x.owner, x.programme, x.entity)
		w.Must(err)
		w.Must(demo.FillIn(w.Ctx, p, w.Clock.Now, a.Reference, x.agreed))
		if got := w.Text(`select status from profile_cycle where application_id = $1`, a.ID); got != x.want {
			t.Errorf("the profile of an %s is %s, want %s", x.entity, got, x.want)
		}
	}
	if err := demo.FillIn(w.Ctx, p, w.Clock.Now, "CT-2026-999999", false); err == nil {
		t.Error("an application that is not there was filled in")
	}
}

package recognition_test

import (
	"strings"
	"sync"
	"testing"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/recognition"
)

// TestForeignOperators: who may say what about an operator, and of many at once one does.
func TestForeignOperators(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := recognition.ApplyEntry{Door: eu + "/ctpat", Name: "Fjord GmbH", Country: "DE", Number: "DEAEOF1"}
	for what, c := range map[string]func(*recognition.ApplyEntry){
		"no programme": func(e *recognition.ApplyEntry) { e.Door = "" }, "one that is not in force": func(e *recognition.ApplyEntry) { e.Door = japan + "/ctpat" },
		"another country": func(e *recognition.ApplyEntry) { e.Country = "NO" }, "no name": func(e *recognition.ApplyEntry) { e.Name = "" },
		"no letters": func(e *recognition.ApplyEntry) { e.Number = "-----" }, "too long": func(e *recognition.ApplyEntry) { e.Number = strings.Repeat("1", 61) },
	} {
		bad := in
		c(&bad)
		_, err := w.svc.Apply(w.Ctx, "r", bad)
		w.Want(what, err, fault.Invalid)
	}
	var wait sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wait.Go(func() { _, errs[i] = w.svc.Apply(w.Ctx, "r", in) })
	}
	wait.Wait()
	done := 0
	for _, err := range errs {
		if err == nil {
			done++
		} else if fault.KindOf(err) != fault.Invalid {
			t.Errorf("applied at once: %v", err)
		}
	}
	if n := w.Count(`select count(*)::int from foreign_operator`); done != 1 || n != 1 {
		t.Errorf("%d of four applications at once went through, %d are kept", done, n)
	}
	l, err := w.svc.Operators(w.Ctx, w.officer, recognition.Applied, "", 1)
	w.Must(err)
	id := l.Items[0].ID
	if l, err = w.svc.Operators(w.Ctx, w.officer, recognition.Over, "de-aeof 1", 1); err != nil || len(l.Items) != 1 {
		t.Errorf("found by its number: %v %v", l.Items, err)
	}
	if l, err = w.svc.Operators(w.Ctx, w.other, recognition.Applied, "DEAEOF1", 1); err != nil || len(l.Items) != 0 {
		t.Errorf("another partner finds it: %v %v", l.Items, err)
	}
	for name, by := range map[string]identity.Actor{"another partner": w.other, "staff": w.Chief, "a company": w.owner} {
		w.Want(name+" confirms", w.svc.Say(w.Ctx, by, id, recognition.SayEntry{Version: 1, Do: recognition.Confirm}), fault.NotFound)
	}
	_, err = w.svc.Operator(w.Ctx, w.other, id)
	w.Want("another partner reads it", err, fault.NotFound)
	_, err = w.svc.Operators(w.Ctx, w.owner, recognition.Applied, "", 1)
	w.Want("a company lists them", err, fault.NotFound)
	if c, done := w.Conflicts(func() []error {
		errs := make([]error, 4)
		var wait sync.WaitGroup
		for i := range errs {
			wait.Go(func() {
				errs[i] = w.svc.Say(w.Ctx, w.officer, id, recognition.SayEntry{Version: 1, Do: recognition.Confirm})
			})
		}
		wait.Wait()
		return errs
	}()); done != 1 || c != 3 {
		t.Errorf("confirmed %d times at once", done)
	}
	w.Want("ended without a reason", w.svc.Say(w.Ctx, w.officer, id, recognition.SayEntry{Version: 2, Do: recognition.Cease}), fault.Invalid)
	w.Must(w.svc.Say(w.Ctx, w.officer, id, recognition.SayEntry{Version: 2, Do: recognition.Cease, Reason: "Revoked at home"}))
	w.Want("after the end", w.svc.Say(w.Ctx, w.officer, id, recognition.SayEntry{Version: 3, Do: recognition.Confirm}), fault.Conflict)
	if _, err := w.svc.Apply(w.Ctx, "r", in); err != nil {
		t.Errorf("it cannot apply again after the end: %v", err)
	}
	if n := w.Count(`select count(*)::int from audit_event where action like 'foreign_operator.%'`); n != 4 {
		t.Errorf("%d audit events, want 4", n)
	}
}

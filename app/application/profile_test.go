package application

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"trustedtrader/app/fault"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
	"trustedtrader/app/profile/profiletest"
)

// withCriteria is a world whose programmes have criteria.
func withCriteria(t *testing.T) (*world, *profile.Service) {
	t.Helper()
	w := newWorld(t)
	w.s.Profiles = &profile.Steps{Library: profiletest.Library(t), Programmes: w.s.Programmes, Clocks: w.s.Clocks, Letters: w.s.Letters}
	return w, &profile.Service{DB: w.db, Now: w.clock.Now, Steps: w.s.Profiles}
}

func taskOf(t *testing.T, o Overview, code string) Task {
	t.Helper()
	for _, task := range o.Tasks {
		if task.Code == code {
			return task
		}
	}
	t.Fatalf("there is no task %s", code)
	return Task{}
}

// The security profile is a task of its own, and an application goes nowhere without it.
func TestSecurityProfileIsPartOfAnApplication(t *testing.T) {
	t.Parallel()
	w, s := withCriteria(t)
	a := w.ready()
	id := profiletest.OfApplication(w.ctx, t, w.db, a.ID)
	if id == uuid.Nil {
		t.Fatal("choosing a kind of member opened no profile")
	}
	ctx := pg.Counted(w.ctx)
	o := must[Overview](t)(w.s.Overview(ctx, w.owner, a.ID))
	if n := pg.Statements(ctx); n > 7 { // and one to recognise the session
		t.Errorf("the overview takes %d statements", n)
	}
	task := taskOf(t, o, PartSecurity)
	if task.State != NotStarted || task.Record != id || task.Progress == nil || task.Progress.Must.Total != 3 || !task.Next {
		t.Errorf("at first %+v, %+v", task, task.Progress)
	}
	in := Submission{Version: a.Version, Attested: true, Name: "Olga Harbor"}
	_, err := w.s.Submit(w.ctx, w.owner, a.ID, in)
	wantKind(t, "without the profile", err, fault.Invalid)
	if fields := fault.Fields(err); len(fields) != 1 || fields[0].Name != PartSecurity {
		t.Errorf("the refusal: %v", err)
	}
	home := must[Home](t)(w.s.Home(w.ctx, w.owner))
	if next := home.Next(); next == nil || next.Next().Code != PartSecurity {
		t.Errorf("the next step at home is %+v", next)
	}

	profiletest.Fill(w.ctx, t, s, w.owner, id)
	o = must[Overview](t)(w.s.Overview(w.ctx, w.owner, a.ID))
	if task := taskOf(t, o, PartSecurity); task.State != InProgress || task.Progress.Must.Left() != 0 {
		t.Errorf("filled in %+v, %+v", task, task.Progress)
	}
	profiletest.Submit(w.ctx, t, s, w.owner, id)
	o = must[Overview](t)(w.s.Overview(w.ctx, w.owner, a.ID))
	if task := taskOf(t, o, PartSecurity); task.State != Ready || !task.Locked || task.Progress != nil {
		t.Errorf("submitted %+v", task)
	}
	must[Application](t)(w.s.Submit(w.ctx, w.owner, a.ID, in))
}

// A profile that was sent back is the next thing to do, though the application is with us.
func TestReturnedProfileWaitsForTheCompany(t *testing.T) {
	t.Parallel()
	w, s := withCriteria(t)
	a := w.ready()
	id := profiletest.OfApplication(w.ctx, t, w.db, a.ID)
	profiletest.Fill(w.ctx, t, s, w.owner, id)
	profiletest.Submit(w.ctx, t, s, w.owner, id)
	a = must[Application](t)(w.s.Submit(w.ctx, w.owner, a.ID, Submission{Version: a.Version, Attested: true, Name: "Olga Harbor"}))
	paused := func() int {
		return w.count(`select count(*) from clock where subject_id = $1 and code = 'certification_decision' and paused`, a.ID)
	}
	move := func(do profile.Action, f profile.Facts) {
		t.Helper()
		err := w.db.Write(w.ctx, w.worker.Scope(), func(tx pg.Tx) error {
			c, err := profile.Lock(w.ctx, tx, w.worker, id, 0)
			if err != nil {
				return err
			}
			return s.Move(w.ctx, tx, w.clock.Now(), w.worker, &c, do, f, profile.Details{})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	move(profile.StartReview, profile.Facts{})
	move(profile.SendBack, profile.Facts{Items: 1})
	if paused() != 1 {
		t.Error("the time for the decision runs on while the profile is with the company")
	}
	o := must[Overview](t)(w.s.Overview(w.ctx, w.owner, a.ID))
	if task := taskOf(t, o, PartSecurity); !task.Next || task.State != NeedsAttention || task.Locked {
		t.Errorf("a returned profile is %+v", task)
	}
	home := must[Home](t)(w.s.Home(w.ctx, w.owner))
	if next := home.Next(); next == nil || next.Next().Code != PartSecurity {
		t.Errorf("the next step at home is %+v", next)
	}
	profiletest.Submit(w.ctx, t, s, w.owner, id)
	if paused() != 0 {
		t.Error("the time for the decision stands still after the answer")
	}
}

// An application that ends takes its profile along.
func TestWithdrawEndsTheProfile(t *testing.T) {
	t.Parallel()
	w, _ := withCriteria(t)
	a := w.open()
	must[Application](t)(w.s.Withdraw(w.ctx, w.owner, a.ID, Withdrawal{Version: a.Version, Reason: "not_ready"}))
	p := profiletest.Read(w.ctx, t, &profile.Service{DB: w.db, Now: w.clock.Now, Steps: w.s.Profiles}, profiletest.OfApplication(w.ctx, t, w.db, a.ID))
	if p.Cycle.Status != profile.Ended || !strings.Contains(p.Cycle.EndReason, "Withdrawn") {
		t.Errorf("the profile is %s, %q", p.Cycle.Status, p.Cycle.EndReason)
	}
}

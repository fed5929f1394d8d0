package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/roster"
	"trustedtrader/config"
)

// searches of times for a visit over 12 months, with what is read for them.
const (
	searches = 60
	slotGoal = 200 // ms within which 95 of 100 are answered
)

// slots measures how long the search for times takes over all officers.
func (b *bench) slots(ctx context.Context) error {
	db, err := pg.Open(ctx, b.dsn, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer db.Close()
	part := func(dir string) fs.FS {
		files, e := fs.Sub(config.Programmes, dir)
		err = errors.Join(err, e)
		return files
	}
	calendars, e1 := clock.LoadCalendars(part("calendars"))
	register, e2 := programme.Load(part("programmes"))
	if err := errors.Join(err, e1, e2); err != nil {
		return err
	}
	ctpat, ok := register.Get("ctpat")
	if !ok {
		return errors.New("there is no programme ctpat")
	}
	zone, err := time.LoadLocation("America/Chicago")
	if err != nil {
		return err
	}
	s := &roster.Service{DB: db, Now: pg.Now, Calendars: calendars, Programmes: register}
	who := identity.Actor{PersonID: uuid.New(), Audience: identity.Staff, Role: identity.Headquarters}
	today := clock.DayOf(pg.Now(), zone)
	lat, lon := 29.7604, -95.3698
	need := roster.Need{From: today.AddDays(30), To: today.AddDays(395), Days: 1, AllDay: true, Zone: zone, SiteCalendar: s.SiteCalendar("US"), Team: 2,
		DayFrom: ctpat.Validation.Days.From, DayTo: ctpat.Validation.Days.To, Skill: "ctpat/importer", Languages: []string{"es"}, Lat: &lat, Lon: &lon, Country: "US", Travel: ctpat.Validation.TravelMinutes}
	var took []float64
	for i := range searches + 5 { // the first few do not count
		n := need
		if i%2 == 1 {
			n.AllDay, n.Hours, n.Travel = false, time.Duration(ctpat.Validation.Days.Virtual)*time.Hour, nil
		}
		begin := time.Now()
		r, err := s.Slots(ctx, who, n)
		if err != nil {
			return err
		}
		if len(r.Slots) == 0 {
			return errors.New("no time works for anybody")
		}
		if i >= 5 {
			took = append(took, float64(time.Since(begin).Microseconds())/1000)
		}
	}
	slices.Sort(took)
	b.row("slot search, 150 officers, 12 months", took[len(took)*95/100], "ms, 95 of 100 searches", false, slotGoal)
	return nil
}

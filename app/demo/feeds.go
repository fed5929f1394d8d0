package demo

import (
	"fmt"
	"strings"
	"time"

	"trustedtrader/app/inbound"
)

// register is the list of traders that one of the demo's partners brings under an arrangement.
type register struct {
	agency, arrangement, home string
	brings, decides           string // people of the agency
	country, prefix, ending   string
	traders                   int
	ago                       []int // days on which it is brought whole, and taken over
}

var registers = []register{
	{"sudamar", "us-ctpat-uy-oec", "ctpat", "lucia.sudamar", "diego.sudamar", "UY", "UYOEC", "S.A.", 24, []int{40, 9}},
	{"hoshima", "us-ctpat-jp-aeo", "ctpat", "aiko.hoshima", "kenji.hoshima", "JP", "JPAEO", "K.K.", 36, []int{33}},
	{"norland", "eu-aeo-no-aeo", "eu-aeo", "ingrid.norland", "olaf.norland", "NO", "NOAEO", "AS", 18, []int{64}}, // a daily one that has fallen silent
}

// Of what the names of made-up traders are made.
var (
	firstWords  = []string{"Blue", "Harbor", "Cedar", "Silver", "Granite", "Willow", "Summit", "Meadow", "Copper", "Falcon"}
	secondWords = []string{"Castings", "Textiles", "Foods", "Instruments"}
)

// feeds are the lists that partners bring: taken over by another person of the agency, and one
// that waits because many of its traders would no longer count.
func (s *Seeder) feeds() (steps []step) {
	for _, r := range registers {
		for _, ago := range r.ago {
			steps = append(steps, step{at: s.day(ago, 8), do: func() error { return s.bringList(r, r.traders, true) }})
		}
	}
	half := registers[1]
	return append(steps, step{at: s.day(1, 8), do: func() error { return s.bringList(half, half.traders-5, false) }})
}

// bringList has an agency bring the first of its traders as a full list, and perhaps take it over.
func (s *Seeder) bringList(r register, traders int, take bool) error {
	var b strings.Builder
	b.WriteString("AEO number;Company;Country;Status;Type;Valid from\n")
	for i := range traders {
		status := "active"
		if i%17 == 16 {
			status = "suspended"
		}
		fmt.Fprintf(&b, "%s-%05d;%s %s %s;%s;%s;Exporter;%d-0%d-15\n", r.prefix, 10007+i*131, firstWords[i%len(firstWords)], secondWords[i/len(firstWords)%len(secondWords)], r.ending, r.country, status, 2019+i%6, 1+i%9)
	}
	by := s.staff[r.brings]
	f, err := s.Inbound.Bring(s.ctx, by, inbound.ChannelID(by.AgencyID, r.arrangement, r.home), inbound.BringEntry{Kind: inbound.Full, AsOf: s.Clock.Now().Format(time.DateOnly), FileName: strings.ToLower(r.prefix) + ".csv"}, strings.NewReader(b.String()))
	if err != nil {
		return fmt.Errorf("%s brings a list: %w", r.agency, err)
	}
	if !take {
		return nil
	}
	if err := s.Inbound.Take(s.ctx, s.staff[r.decides], f.ID, inbound.TakeEntry{Version: f.Version}); err != nil {
		return fmt.Errorf("%s takes a list over: %w", r.agency, err)
	}
	return nil
}

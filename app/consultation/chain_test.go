package consultation_test

import (
	"errors"
	"fmt"
	"testing"

	"trustedtrader/app/consultation"
)

// TestChain changes, removes and moves records behind the portal's back.
func TestChain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.consent(w.owner.CompanyID, norland)
	var numbers []string
	for i := range 9 {
		numbers = append(numbers, w.ask(w.officer, consultation.Question{Value: w.number, OwnRef: fmt.Sprintf("<ref & %d>", i)}).Number)
	}
	n, heads, err := consultation.Verify(w.Ctx, w.DB, nil)
	if err != nil || n != 9 || len(heads) == 0 {
		t.Fatalf("%d %v %v", n, heads, err)
	}
	w.ask(w.officer, consultation.Question{Value: w.number})
	_, after, err := consultation.Verify(w.Ctx, w.DB, heads)
	w.Must(err)
	heads = after
	w.asOwner(`alter table consultation disable trigger user`)
	w.asOwner(`create table keep as select * from consultation`)
	for name, x := range map[string]struct{ sql, at string }{
		"an answer changed":    {`update consultation set answer = jsonb_set(answer::jsonb, '{outcome}', '"no_record"')::json where number = '` + numbers[3] + `'`, numbers[3]},
		"a time changed":       {`update consultation set at = at + interval '1 microsecond' where number = '` + numbers[4] + `'`, numbers[4]},
		"a company put in":     {`update consultation set company_id = null where number = '` + numbers[5] + `'`, numbers[5]},
		"a reference moved":    {`update consultation set own_ref = '', purpose = purpose || own_ref where number = '` + numbers[6] + `'`, numbers[6]},
		"one removed":          {`delete from consultation where number = '` + numbers[2] + `'`, ""},
		"the end removed":      {`delete from consultation where (writer, seq) in (select writer, max(seq) from consultation group by 1)`, ""},
		"the beginning, moved": {`delete from consultation where seq = 1; update consultation set seq = seq - 1`, ""},
		"two exchanged":        {`update consultation set seq = -seq where seq in (2, 3); update consultation set seq = case seq when -2 then 3 else 2 end where seq < 0`, ""},
	} {
		w.asOwner(x.sql)
		_, _, err := consultation.Verify(w.Ctx, w.DB, heads)
		var broken *consultation.Broken
		if !errors.As(err, &broken) || x.at != "" && broken.Number != x.at {
			t.Errorf("%s: %v", name, err)
		}
		w.asOwner(`delete from consultation`)
		w.asOwner(`insert into consultation select * from keep`)
	}
	if _, _, err := consultation.Verify(w.Ctx, w.DB, heads); err != nil {
		t.Errorf("put back: %v", err)
	}
}

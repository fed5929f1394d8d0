// Package queue holds what the agency's queues of work have in common: rows to choose,
// claim and assign.
package queue

import (
	"context"
	"strconv"

	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/review"
	"trustedtrader/views/ui"
)

// AssignProps are the words and the persons of AssignTo.
type AssignProps struct {
	Title, Label, Hint string
	Workers            []review.Worker
	Person             string // id of the person chosen
	Errors             []fault.Field
}

// boxID gives the first box the id that the error summary leads to.
func boxID(name string, i int) string {
	if i == 0 {
		return name
	}
	return name + "-" + strconv.Itoa(i+1)
}

// failures are the rows that a bulk assignment left alone.
func failures(list []review.Assigned) (out []review.Assigned) {
	for _, a := range list {
		if !a.Done {
			out = append(out, a)
		}
	}
	return out
}

func workerOptions(ctx context.Context, list []review.Worker) (out []ui.Option) {
	for _, x := range list {
		out = append(out, ui.Option{Value: x.ID.String(), Label: i18n.N(ctx, "%[2]s (%[1]d open case)", "%[2]s (%[1]d open cases)", x.Open, x.Name)})
	}
	return out
}

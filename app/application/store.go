package application

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Open locks an application for the rest of the transaction and returns it. An
// application that is not there, or of another company, is a NotFound before its
// version is looked at; a version other than the current one is a Conflict, and 0
// means that the caller has not shown one.
func Open(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID, version int) (Application, error) {
	q := gorm.G[Application](tx.DB, clause.Locking{Strength: "UPDATE"}).Where("id = ?", id)
	switch by.Audience {
	case identity.Companies:
		q = q.Where("company_id = ?", by.CompanyID)
	case identity.Staff, identity.System:
	default:
		return Application{}, fault.Missing()
	}
	a, err := q.First(ctx)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return a, fault.Missing()
	}
	if err != nil {
		return a, fmt.Errorf("open application: %w", err)
	}
	if version != 0 && a.Version != version {
		return a, fault.Moved()
	}
	return a, nil
}

package validation

import (
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
)

// Paper is a document that the company is asked to have ready.
type Paper struct {
	ID         uuid.UUID `gorm:"primaryKey"`
	VisitID    uuid.UUID
	CompanyID  uuid.UUID
	Name       string
	WantedOn   *clock.Day
	OnSite     bool // shown there instead of sent ahead
	EvidenceID *uuid.UUID
	ReadyAt    *time.Time
	ReadyBy    string
	RemovedAt  *time.Time
	CreatedAt  time.Time
	Version    int
}

// TableName is the table that holds documents asked for.
func (Paper) TableName() string { return "visit_document" }

package oscal

import (
	"context"
	"time"

	"trustedtrader/app/audit"
	"trustedtrader/app/catalogue"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Service gives editions away.
type Service struct {
	DB      *pg.DB
	Now     func() time.Time
	Library *catalogue.Library
}

// File is a document to be saved.
type File struct {
	Name string
	Body []byte
}

// Export writes an edition as a catalog, or what one kind of member is asked as a profile,
// and notes that it was taken. Readers of catalogues may.
func (s *Service) Export(ctx context.Context, by identity.Actor, programme, edition, entityType string) (f File, err error) {
	e, ok := s.Library.Edition(programme, edition)
	if !ok || !by.Is(catalogue.Readers()...) || entityType != "" && len(e.Form(entityType).Criteria) == 0 {
		return File{}, fault.Missing()
	}
	after := map[string]any{"programme": programme, "edition": edition}
	if entityType == "" {
		f.Name = CatalogFile(e)
		f.Body, err = Catalog(e)
	} else {
		after["entity_type"] = entityType
		f.Name = ProfileFile(e, entityType)
		f.Body, err = Profile(e, entityType)
	}
	if err != nil {
		return File{}, err
	}
	return f, s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		return audit.Record(ctx, tx, s.Now(), by, audit.Event{Action: "catalogue.export", Kind: "catalogue", After: after, Internal: true})
	})
}

package main

import (
	"fmt"
	"io/fs"
	"time"

	"trustedtrader/app/benefit"
	"trustedtrader/app/evidence"
	"trustedtrader/app/pg"
	"trustedtrader/config"
)

// benefits is the service for reports of benefit events, with the layouts that it can read.
func benefits(db *pg.DB, now func() time.Time, files *evidence.Service) (*benefit.Service, error) {
	layouts, err := fs.Sub(config.Imports, "imports")
	if err != nil {
		return nil, err
	}
	data, err := benefit.LoadData(layouts)
	if err != nil {
		return nil, fmt.Errorf("reports of benefits: %w", err)
	}
	return &benefit.Service{DB: db, Now: now, Data: data, Evidence: files}, nil
}

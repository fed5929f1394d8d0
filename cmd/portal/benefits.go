package main

import (
	"fmt"
	"io/fs"
	"time"

	"trustedtrader/app/benefit"
	"trustedtrader/app/cost"
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

// costs is the service for what a company says that things cost it.
func costs(db *pg.DB, now func() time.Time, reports *benefit.Data) (*cost.Service, error) {
	files, err := fs.Sub(config.Figures, "figures")
	if err != nil {
		return nil, err
	}
	data, err := cost.LoadData(files)
	if err != nil {
		return nil, fmt.Errorf("costs: %w", err)
	}
	var modes []string
	for _, m := range reports.Words("modes") {
		modes = append(modes, m.Code)
	}
	return &cost.Service{DB: db, Now: now, Data: data, Modes: modes}, nil
}

package web

import (
	"io/fs"

	"trustedtrader/app/cost"
	"trustedtrader/app/review/reviewtest"
	"trustedtrader/config"
)

func costService(w *reviewtest.World) *cost.Service {
	w.T.Helper()
	files, err := fs.Sub(config.Figures, "figures")
	w.Must(err)
	data, err := cost.LoadData(files)
	w.Must(err)
	return &cost.Service{DB: w.DB, Now: w.Clock.Now, Data: data, Modes: []string{"sea", "rail", "truck", "air", "other"}}
}

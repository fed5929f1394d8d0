package plan

import (
	"fmt"
	"io/fs"

	"trustedtrader/app/datafile"
	"trustedtrader/config"
)

// Regions is what the agency says of countries: data, read once.
type Regions struct {
	Edition   string    `yaml:"edition"`
	Source    string    `yaml:"source"`
	Draft     bool      `yaml:"draft"` // of no published source
	Countries []Country `yaml:"countries"`
}

// Country is what is said of one.
type Country struct {
	Code   string `yaml:"country"` // ISO 3166-1
	Rating int    `yaml:"rating"`  // 1 low to 3 high; 0: none is given
	Travel string `yaml:"travel"`  // for officers who go there (English source text)
}

// Travel is the note for those who go to a country, or "".
func (r *Regions) Travel(country string) string {
	for _, c := range r.Countries {
		if c.Code == country {
			return c.Travel
		}
	}
	return ""
}

// rated are the countries with a rating and their ratings, side by side.
func (r *Regions) rated() (countries []string, ratings []int) {
	for _, c := range r.Countries {
		if c.Rating > 0 {
			countries, ratings = append(countries, c.Code), append(ratings, c.Rating)
		}
	}
	return countries, ratings
}

const regionsFile = "regions.yaml"

// LoadRegions reads regions.yaml at the root of files. The error is a datafile.Problems,
// with everything that is wrong at once, when the file is at fault. The portal's own is
// LoadRegions(fs.Sub(config.Regions, "regions")), and its schema is the portal's in any case.
func LoadRegions(files fs.FS) (*Regions, error) {
	content, err := fs.ReadFile(files, regionsFile)
	if err != nil {
		return nil, fmt.Errorf("read the ratings of countries: %w", err)
	}
	own, err := fs.Sub(config.Regions, "regions")
	if err != nil {
		return nil, fmt.Errorf("open the schema of %s: %w", regionsFile, err)
	}
	schemas, err := datafile.Schemas(own)
	if err != nil {
		return nil, err
	}
	var log datafile.Log
	var r Regions
	if doc := log.Parse(regionsFile, schemas["regions"], content, 0); doc.Decode(&r) {
		seen := map[string]bool{}
		for i, c := range r.Countries {
			if seen[c.Code] {
				doc.Problem([]any{"countries", i, "country"}, "the country %q is there twice", c.Code)
			}
			seen[c.Code] = true
		}
	}
	if len(log.Problems) > 0 {
		log.Problems.Sort()
		return nil, log.Problems
	}
	return &r, nil
}

package chart

import "strings"

// world is roughly where countries lie, one tile for each. Neighbours are kept as neighbours
// where the grid has room; distances and sizes mean nothing. Each word is a country (ISO 3166-1),
// a dot is an empty place.
const world = `
.  .  .  .  .  .  .  .  GL .  IS .  .  .  NO SE FI .  .  .  .  .  .  .  .  .  .  .  .
.  .  .  CA .  .  .  .  .  .  IE GB .  DK .  .  EE .  RU .  .  .  .  .  .  .  .  .  .
.  .  .  US .  .  .  .  .  .  .  .  NL DE PL LT LV BY .  .  .  .  .  .  .  .  .  .  .
.  .  .  .  .  BS BM .  .  .  .  BE LU CZ SK .  .  UA .  .  KZ .  MN .  .  .  .  .  .
.  .  MX .  .  .  .  .  .  .  .  FR CH AT HU RO .  MD GE .  UZ KG .  CN KP .  .  .  .
.  .  GT BZ .  CU HT DO .  PT ES .  IT SI HR RS BG TR AM AZ TM TJ .  .  KR .  JP .  .
.  .  SV HN .  JM .  PR AG MA DZ TN MT BA ME MK GR CY SY IQ IR AF .  MO HK TW .  .  .
.  .  .  NI .  .  .  TT BB MR ML LY EG .  AL IL LB JO SA KW BH PK NP .  .  .  .  .  .
.  .  .  CR PA CO VE GY SR SN BF NE TD SD ER .  .  YE OM QA AE IN BT BD MM LA VN .  .
.  .  .  .  EC .  .  BR .  GN CI GH CM CF ET DJ .  .  .  .  .  LK .  .  TH KH .  PH .
.  .  .  .  PE BO .  .  .  .  LR TG BJ GA UG KE SO .  .  .  .  MV .  .  MY SG BN .  .
.  .  .  .  .  .  PY .  .  .  .  NG CG CD RW TZ .  SC .  .  .  .  .  .  .  ID TL PG .
.  .  .  .  .  CL AR UY .  .  .  .  AO ZM MW MZ .  MU .  .  .  .  .  .  .  .  .  .  FJ
.  .  .  .  .  .  .  .  .  .  .  .  NA BW ZW .  MG .  .  .  .  .  .  .  .  .  AU .  .
.  .  .  .  .  .  .  .  .  .  .  .  .  ZA SZ LS .  .  .  .  .  .  .  .  .  .  .  .  NZ`

// place is a column and a row of the tile map.
type place struct{ column, row int }

// places finds where a country lies.
var places = func() map[string]place {
	out := map[string]place{}
	for row, line := range strings.Split(strings.TrimSpace(world), "\n") {
		for column, country := range strings.Fields(line) {
			if country != "." {
				out[country] = place{column, row}
			}
		}
	}
	return out
}()

// Size of the map, in tiles.
const (
	worldColumns = 29
	worldRows    = 15
)

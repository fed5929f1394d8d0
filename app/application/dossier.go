package application

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
)

// Dossier is what the programme must know of a company, read in one statement and
// therefore as of one moment. Its JSON is what a snapshot keeps.
type Dossier struct {
	Company     Company      `json:"company"`
	TradeNames  []TradeName  `json:"trade_names"`
	Sites       []Site       `json:"sites"`
	Contacts    []Contact    `json:"contacts"`
	Identifiers []Identifier `json:"identifiers"`
	Office      Office       `json:"office"`
}

// Company is the legal entity as an application sees it.
type Company struct {
	ID           uuid.UUID `json:"id"`
	Name         string    `json:"name"`
	LegalForm    string    `json:"legal_form"`
	Country      string    `json:"country"`
	Registration string    `json:"registration"`
	FoundedOn    clock.Day `json:"founded_on"`
	Employees    *int      `json:"employees"`
	Website      string    `json:"website"`
	Phone        string    `json:"phone"`
	History      string    `json:"history"`
}

// TradeName is another name the company trades under.
type TradeName struct {
	ID   uuid.UUID `json:"id"`
	Name string    `json:"name"`
}

// Site is a place of the company that is in use.
type Site struct {
	ID         uuid.UUID `json:"id"`
	Name       string    `json:"name"`
	Activities []string  `json:"activities"` // codes of programme.Activities
	Street     string    `json:"street"`
	City       string    `json:"city"`
	Region     string    `json:"region"`
	Postcode   string    `json:"postcode"`
	Country    string    `json:"country"`
	Zone       string    `json:"zone"`
	Lat        *float64  `json:"lat"`
	Lon        *float64  `json:"lon"`
}

// Contact is a person the company names.
type Contact struct {
	ID      uuid.UUID `json:"id"`
	Name    string    `json:"name"`
	Title   string    `json:"title"`
	Email   string    `json:"email"`
	Phone   string    `json:"phone"`
	Kind    string    `json:"kind"` // officer, employee, consultant
	Primary bool      `json:"primary"`
}

// Identifier is a number the company is known by.
type Identifier struct {
	ID     uuid.UUID `json:"id"`
	Scheme string    `json:"scheme"`
	Value  string    `json:"value"`
}

// Office is the field office that looks after the company.
type Office struct {
	ID       uuid.UUID `json:"id"`
	Name     string    `json:"name"`
	Zone     string    `json:"zone"`
	Calendar string    `json:"calendar"`
}

// Location is the zone in which the office's legal days are counted.
func (o Office) Location() *time.Location {
	if l, err := time.LoadLocation(o.Zone); err == nil {
		return l
	}
	return time.UTC // the administration's pages refuse unknown zones, so this is a damaged row
}

// dossierSQL reads a company's dossier as one JSON document; the verb is the
// placeholder of the company's id.
const dossierSQL = `with me as (select %s::uuid as id)
select jsonb_build_object(
  'company', jsonb_build_object('id', c.id, 'name', c.name, 'legal_form', c.legal_form, 'country', c.country,
    'registration', c.registration, 'founded_on', c.founded_on, 'employees', c.employees, 'website', c.website,
    'phone', c.phone, 'history', c.history),
  'trade_names', coalesce((select jsonb_agg(jsonb_build_object('id', t.id, 'name', t.name) order by t.created_at, t.id)
    from trade_name t where t.company_id = c.id and t.removed_at is null), '[]'),
  'sites', coalesce((select jsonb_agg(jsonb_build_object('id', s.id, 'name', s.name, 'activities', jsonb_build_array(s.activity),
      'street', s.street, 'city', s.city, 'region', s.region, 'postcode', s.postcode, 'country', s.country,
      'zone', s.zone, 'lat', s.lat, 'lon', s.lon) order by s.created_at, s.id)
    from site s where s.company_id = c.id and s.closed_on is null), '[]'),
  'contacts', coalesce((select jsonb_agg(jsonb_build_object('id', p.id, 'name', p.name, 'title', p.title, 'email', p.email,
      'phone', p.phone, 'kind', p.kind, 'primary', p.is_primary) order by p.created_at, p.id)
    from contact p where p.company_id = c.id and p.removed_at is null), '[]'),
  'identifiers', coalesce((select jsonb_agg(jsonb_build_object('id', i.id, 'scheme', i.scheme, 'value', i.value) order by i.created_at, i.id)
    from company_identifier i where i.company_id = c.id and i.removed_at is null), '[]'),
  'office', jsonb_build_object('id', o.id, 'name', o.name, 'zone', o.zone, 'calendar', o.calendar)
)::text as body
from company c join office o on o.id = c.office_id where c.id = (select id from me)`

func readDossier(body string) (d Dossier, err error) {
	if err := json.Unmarshal([]byte(body), &d); err != nil {
		return d, fmt.Errorf("read the company's data: %w", err)
	}
	return d, nil
}

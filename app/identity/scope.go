package identity

import "trustedtrader/app/pg"

// Scope is what the actor may see in the database, whatever a query forgets to ask.
func (a Actor) Scope() pg.Scope {
	s := pg.Scope{Person: a.PersonID}
	switch {
	case a.Audience == System:
		s.Kind = "system"
	case a.Audience == Staff && a.Role != "":
		s.Kind = "staff"
	case a.Audience == Companies && a.Role != "":
		s.Kind, s.Company = "company", a.CompanyID
	case a.Audience == Partners && a.Role != "":
		s.Kind, s.Agency = "partner", a.AgencyID
	case a.Known():
		s.Kind = "person"
	}
	return s
}

// Package enclosure draws the documents that a company shows with an incident, a case or an appeal.
package enclosure

import (
	app "trustedtrader/app/enclosure"
	"trustedtrader/app/fault"
	"trustedtrader/app/notice"
	"trustedtrader/views/ui"
)

// Path is the page on which a company chooses documents for a record.
func Path(kind, id string) string { return "/documents/" + kind + "/" + id }

// RecordPath is the company's page of a record.
func RecordPath(kind, id string) string {
	return map[string]string{notice.AboutIncident: "/incidents/", notice.AboutEnforcement: "/enforcement/", notice.AboutAppeal: "/appeals/", notice.AboutClaim: "/benefits/claims/"}[kind] + id
}

// Page chooses documents from the library.
type Page struct {
	ui.Chrome
	Kind, ID string
	Library  []app.Choice
	Chosen   []string
	Errors   []fault.Field
}

func (p Page) options() (out []ui.Option) {
	for _, c := range p.Library {
		out = append(out, ui.Option{Value: c.ID.String(), Label: c.Title})
	}
	return out
}

func filePath(x app.Item, desk bool) string {
	if desk {
		return "/desk/evidence/versions/" + x.VersionID.String() + "/file"
	}
	return "/evidence/versions/" + x.VersionID.String() + "/file"
}

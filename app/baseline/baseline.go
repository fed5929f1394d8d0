// Package baseline is what others meet: files in which headquarters says how often goods of
// companies that are not members were examined, by period, mode of transport, group of ports
// and kind of company. Members are compared with them.
//
// A file is taken whole or refused whole; only cohorts of fewer than five companies are left
// out of it, and counted. It says where its numbers come from. It counts once a second person
// has signed it off, who sees each number beside the one in force, and no more once it is
// withdrawn. Who brought it can take it back until then. Where two files know the same cell of the same period, the one signed last counts.
//
// Who may: headquarters bring, take back, sign off, refuse and withdraw; auditors and supervisors read.
// Companies read signed and withdrawn files, without the names of the agency's people, for a
// figure is worth what it rests on. To others there is nothing.
package baseline

import (
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/benefit"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/workflow"
)

// Kind names files in audit events.
const Kind = "baseline"

// Limits.
const (
	MostBytes = 2 << 20
	MostRows  = 20_000
	Fewest    = 5 // companies behind a cohort
	PageSize  = 50

	mostColumns = 60
	mostCell    = 200 // bytes
	mostMonths  = 120 // of one row
	mostWrong   = 200 // problems that are told
	mostOpen    = 10  // files of a programme that wait
	mostInForce = 50_000
	mostBeside  = 200_000 // cells of signed files
	mostFiles   = 200
)

// DifferentBy is the factor between two rates from which on a reader is asked to look.
const DifferentBy = 1.5

// AllPorts and OtherPorts are groups of ports that config/imports does not name.
const (
	AllPorts   = "all"
	OtherPorts = "other"
)

// Service is what people do with files of cohorts.
type Service struct {
	DB         *pg.DB
	Now        func() time.Time
	Programmes *programme.Register
	Data       *benefit.Data // modes and groups of ports
	Letters    *notice.Letters
}

// Status is where a file stands.
type Status string

// The states.
const (
	Waiting   Status = "waiting"
	Signed    Status = "signed"
	Refused   Status = "refused"
	Withdrawn Status = "withdrawn"
	TakenBack Status = "taken_back"
)

// Statuses lists every state in the order of the journey.
func Statuses() []Status { return []Status{Waiting, Signed, Refused, Withdrawn, TakenBack} }

// Name is the state for a person to read (English source text).
func (s Status) Name() string {
	return map[Status]string{Waiting: "Waits for a second person", Signed: "Signed off", Refused: "Refused", Withdrawn: "Withdrawn", TakenBack: "Taken back"}[s]
}

// Action is something that is done with a file.
type Action string

// The actions.
const (
	Sign     Action = "sign"
	Refuse   Action = "refuse"
	Withdraw Action = "withdraw"
	TakeBack Action = "take_back"
)

// Facts are what the table looks at.
type Facts struct {
	Own    bool   // the actor brought the file
	Reason string // of a refusal or a withdrawal
}

// Lifecycle is the only list of legal moves of a file.
func Lifecycle() workflow.Table[Status, identity.Role, Action, Facts] {
	type guards = []workflow.Guard[Facts]
	hq := []identity.Role{identity.Headquarters}
	first, second := func(f Facts) bool { return f.Own }, func(f Facts) bool { return !f.Own }
	return workflow.Table[Status, identity.Role, Action, Facts]{
		{From: Waiting, By: hq, Do: Sign, To: Signed, When: second},
		{From: Waiting, By: hq, Do: Refuse, To: Refused, When: second, If: guards{because}},
		{From: Waiting, By: hq, Do: TakeBack, To: TakenBack, When: first},
		{From: Signed, By: hq, Do: Withdraw, To: Withdrawn, If: guards{because}},
	}
}

func because(f Facts) []fault.Field {
	if f.Reason != "" {
		return nil
	}
	return []fault.Field{fault.F("reason", "Say why")}
}

// Baseline is a file of cohorts.
type Baseline struct {
	ID          uuid.UUID
	Programme   string
	FileName    string
	SHA256      string `gorm:"column:sha256" db:"sha256"`
	Size        int64
	Source      string // where the numbers come from
	AsOf        clock.Day
	Status      Status
	FirstMonth  clock.Day
	LastMonth   clock.Day
	Cohorts     int
	LeftOut     int // cohorts of fewer than five companies
	BroughtBy   uuid.UUID
	Bringer     string
	BroughtAt   time.Time
	DecidedBy   *uuid.UUID
	Decider     string
	DecidedAt   *time.Time
	Reason      string
	Withdrawer  string
	WithdrawnAt *time.Time
	TakenBackAt *time.Time
	Version     int
}

const baselineSQL = `select id, programme, file_name, sha256, size, source, as_of, status, first_month, last_month, cohorts, left_out, brought_by, bringer, brought_at, decided_by, decider, decided_at, reason, withdrawer, withdrawn_at, taken_back_at, version from baseline`

// Actions are what a person may do with the file.
func (b Baseline) Actions(by identity.Actor) []Action {
	if by.Audience != identity.Staff {
		return nil
	}
	return Lifecycle().Actions(b.Status, by.Role, Facts{Own: b.BroughtBy == by.PersonID})
}

// anonymous is the file as others than the agency see it.
func (b Baseline) anonymous() Baseline {
	b.BroughtBy, b.DecidedBy, b.Bringer, b.Decider, b.Withdrawer = uuid.Nil, nil, "", "", ""
	return b
}

// Cohort is how often goods of a group of companies were examined.
type Cohort struct {
	FileID      uuid.UUID
	FirstMonth  clock.Day // the first days of months
	LastMonth   clock.Day
	Mode        string
	PortGroup   string
	EntityType  string
	Shipments   int
	Exams       int
	Companies   int
	HoldMinutes *int // median from hold to release; nil: not known
}

// Rate is the share of shipments that were examined.
func (c Cohort) Rate() float64 { return float64(c.Exams) / float64(c.Shipments) }

// File is a signed file that figures rest on.
type File struct {
	ID       uuid.UUID
	Name     string
	SHA256   string `gorm:"column:sha256" db:"sha256"`
	Source   string
	AsOf     clock.Day
	SignedAt time.Time
	Signer   string // empty for companies
}

// mayWork refuses who does not bring and decide.
func mayWork(by identity.Actor) error {
	if by.Audience != identity.Staff || !by.Is(identity.Headquarters, identity.Supervisor, identity.Auditor) {
		return fault.Missing()
	}
	if !by.Is(identity.Headquarters) {
		return fault.New(fault.Forbidden, "Only headquarters bring baselines and decide on them")
	}
	return nil
}

// mayRead refuses who does not read; names: the actor sees who of the agency did what.
func mayRead(by identity.Actor) (names bool, err error) {
	switch {
	case by.Audience == identity.Staff && by.Is(identity.Headquarters, identity.Supervisor, identity.Auditor):
		return true, nil
	case by.Audience == identity.Companies && by.Is(identity.CompanyReaders...) && by.CompanyID != uuid.Nil:
		return false, nil
	}
	return false, fault.Missing()
}

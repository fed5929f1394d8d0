package notice

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/riverqueue/river"
	gomail "github.com/wneessen/go-mail"

	"trustedtrader/app/pg"
	"trustedtrader/config"
)

// SMTP is the mail server that e-mails are handed to. Without a host there is none
// and e-mails stay in the outbox.
type SMTP struct {
	Host     string
	Port     int
	TLS      string // "required" (STARTTLS), "implicit" (from the start) or "none"
	User     string
	Password config.Secret
	From     string      // address of the sender
	FromName string      // the portal's name
	HELO     string      // how we introduce ourselves; empty takes the machine's name
	Config   *tls.Config // nil: the system's authorities
}

// sendTimeout ends a conversation with a mail server that hangs. It stays below the
// half minute after which the database gives up on a transaction that waits.
const sendTimeout = 20 * time.Second

// MailWorker sends the e-mails of the outbox. The outbox's row is locked while it is
// sent, so that two workers never send one e-mail; only if the portal dies after the
// server took the e-mail and before that was noted, it goes out again, with the same
// Message-ID, by which mail programs recognise it.
type MailWorker struct {
	river.WorkerDefaults[MailArgs]
	DB   *pg.DB
	Now  func() time.Time
	SMTP SMTP
	// Retry is how long to wait after so many failed tries; nil doubles from ten
	// seconds up to an hour.
	Retry func(tries int) time.Duration
}

// Timeout of one try, the database's part included.
func (w *MailWorker) Timeout(*river.Job[MailArgs]) time.Duration { return sendTimeout + 5*time.Second }

// NextRetry is when to try again.
func (w *MailWorker) NextRetry(job *river.Job[MailArgs]) time.Time {
	wait := w.Retry
	if wait == nil {
		wait = backOff
	}
	return time.Now().Add(wait(job.Attempt)) // River's own clock, not the portal's: it compares with the real time
}

func backOff(tries int) time.Duration {
	const first, most = 10 * time.Second, time.Hour
	if tries > 9 {
		return most
	}
	return min(most, first<<max(0, tries-1))
}

// Work sends one e-mail.
func (w *MailWorker) Work(ctx context.Context, job *river.Job[MailArgs]) error {
	if w.SMTP.Host == "" {
		return nil // kept in the outbox for looking at
	}
	var failure error
	var busy bool
	err := w.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		failure, busy = nil, false
		m, ok, err := lockMail(ctx, tx, job.Args.ID)
		if err != nil {
			return err
		}
		if !ok {
			sent, err := isSent(ctx, tx, job.Args.ID)
			busy = !sent
			return err
		}
		if failure = w.send(ctx, m); failure != nil {
			return markFailed(ctx, tx, m.ID, failure.Error())
		}
		return markSent(ctx, tx, m.ID, w.Now())
	})
	switch {
	case err != nil:
		return fmt.Errorf("send an e-mail: %w", err)
	case busy:
		return river.JobSnooze(time.Minute)
	case failure != nil:
		return fmt.Errorf("send an e-mail: %w", failure)
	}
	return nil
}

// send hands one e-mail to the mail server. Its errors name no person and no address.
func (w *MailWorker) send(ctx context.Context, m mailRow) error {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := msg.FromFormat(w.SMTP.FromName, w.SMTP.From); err != nil {
		return errors.New("the sender's address is not valid; see PORTAL_MAIL_FROM")
	}
	if err := msg.AddToFormat(m.ToName, m.ToAddress); err != nil {
		return errors.New("the recipient's address is not valid")
	}
	msg.Subject(m.Subject)
	msg.SetDateWithValue(m.CreatedAt)
	msg.SetMessageIDWithValue(m.ID.String() + "@" + domain(w.SMTP.From))
	msg.SetGenHeader(gomail.HeaderContentLang, m.Lang)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: absence notes are not answered to us
	msg.SetBodyString(gomail.TypeTextPlain, m.Body)
	if m.Calendar != "" {
		// The part that programs read, and a copy for people whose program does not (RFC 6047, 2.4).
		msg.AddAlternativeString(gomail.ContentType("text/calendar; method="+m.Method), m.Calendar)
		if err := msg.AttachReader("invite.ics", strings.NewReader(m.Calendar), gomail.WithFileContentType("application/ics")); err != nil {
			return errors.New("the calendar object cannot be attached")
		}
	}

	c, err := gomail.NewClient(w.SMTP.Host, w.SMTP.options()...)
	if err != nil {
		return fmt.Errorf("the settings of the mail server are not valid: %w", plain(err))
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	if err := c.DialAndSendWithContext(ctx, msg); err != nil {
		return plain(err)
	}
	return nil
}

func (s SMTP) options() []gomail.Option {
	opts := []gomail.Option{gomail.WithPort(s.Port), gomail.WithTimeout(sendTimeout / 2)}
	switch s.TLS {
	case "none":
		opts = append(opts, gomail.WithTLSPolicy(gomail.NoTLS))
	case "implicit":
		opts = append(opts, gomail.WithSSL())
	default:
		opts = append(opts, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if s.HELO != "" {
		opts = append(opts, gomail.WithHELO(s.HELO))
	}
	if s.Config != nil {
		opts = append(opts, gomail.WithTLSConfig(s.Config))
	}
	if s.User != "" {
		opts = append(opts, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.User), gomail.WithPassword(string(s.Password)))
	}
	return opts
}

func domain(address string) string {
	if i := strings.LastIndexByte(address, '@'); i >= 0 && i+1 < len(address) {
		return address[i+1:]
	}
	return "localhost"
}

// plain says why an e-mail could not be handed over without repeating what the server
// said: its answers often name the recipient.
func plain(err error) error {
	var se *gomail.SendError
	var ne net.Error
	var unknown *tls.CertificateVerificationError
	switch {
	case errors.As(err, &se):
		again := "for good"
		if se.IsTemp() {
			again = "for now"
		}
		return fmt.Errorf("the mail server refused it %s (code %d)", again, se.ErrorCode())
	case errors.As(err, &unknown):
		return errors.New("the mail server's certificate is not trusted")
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &ne) && ne.Timeout():
		return errors.New("the mail server did not answer in time")
	case errors.As(err, &ne):
		return errors.New("the mail server cannot be reached")
	default:
		return errors.New("the mail server did not let us in or broke off")
	}
}

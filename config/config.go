// Package config reads the portal's settings from the environment and carries the
// programmes, calendars and catalogues that ship with it. It imports nothing of
// ours and knows no globals.
//
// Settings describe an installation. Rules of a programme are not settings: they
// are data under config/programmes.
package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
	"go.yaml.in/yaml/v3"
)

// Secret is a setting that must never be shown.
type Secret string

const masked = "[secret]"

// String hides the value.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return masked
}

// LogValue hides the value from logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON hides the value from JSON.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }

// Config is every setting of one installation. Every variable can also be given as
// NAME_FILE, a file that holds the value.
type Config struct {
	Env     string   `env:"PORTAL_ENV" envDefault:"production" doc:"production or dev. dev allows the demo, plain http and the private database"`
	Addr    string   `env:"PORTAL_ADDR" envDefault:"127.0.0.1:8080" doc:"address that the portal listens on"`
	BaseURL *url.URL `env:"PORTAL_BASE_URL" envDefault:"http://localhost:8080" doc:"address under which people reach it; https in production"`
	Metrics string   `env:"PORTAL_METRICS_ADDR" envDefault:"127.0.0.1:9090" doc:"address of the listener for /metrics; empty switches it off"`
	Data    string   `env:"PORTAL_DATA" envDefault:"var" doc:"folder for files of this installation"`

	DatabaseURL Secret `env:"DATABASE_URL" doc:"address of PostgreSQL 15 or newer; in dev, without it, a private server is started"`
	OwnerURL    Secret `env:"DATABASE_OWNER_URL" doc:"address for migrations when their user differs from the portal's; otherwise DATABASE_URL"`
	Key         Secret `env:"PORTAL_KEY" doc:"32 random bytes in base64 (openssl rand -base64 32): seals what must not be read in the database"`

	ProvidersFile string     `env:"PORTAL_PROVIDERS" doc:"YAML file with the sign-in providers"`
	Providers     []Provider `env:"-"`

	SessionIdle     time.Duration `env:"PORTAL_SESSION_IDLE" envDefault:"30m" doc:"a session ends after this time without a request"`
	SessionAbsolute time.Duration `env:"PORTAL_SESSION_MAX" envDefault:"12h" doc:"a session ends after this time in any case"`
	SessionWarn     time.Duration `env:"PORTAL_SESSION_WARN" envDefault:"3m" doc:"how long before the end people are warned"`

	TrustedProxies []string `env:"PORTAL_TRUSTED_PROXIES" doc:"addresses of proxies whose X-Forwarded-For is believed, separated by commas"`

	BrandName   string `env:"PORTAL_BRAND_NAME" envDefault:"Trusted Trader Portal" doc:"name in the header"`
	BrandShort  string `env:"PORTAL_BRAND_SHORT" doc:"name on narrow screens"`
	BrandOwner  string `env:"PORTAL_BRAND_OWNER" envDefault:"Customs Administration of Meridia" doc:"the administration that runs the programme; the default is fictional"`
	BrandNotice string `env:"PORTAL_BRAND_NOTICE" doc:"sentence above the header; nothing may claim what is not so"`
	BrandMark   string `env:"PORTAL_BRAND_MARK" doc:"image file of the administration's mark (SVG or PNG)"`
	Support     string `env:"PORTAL_SUPPORT" envDefault:"Ask your field office for help." doc:"sentence on error and help pages: whom to ask"`
	OfficeName  string `env:"PORTAL_OFFICE_NAME" envDefault:"Trusted trader office" doc:"how letters to companies are signed instead of with a person's name"`

	SMTPHost string `env:"PORTAL_SMTP_HOST" doc:"mail server; without it e-mails stay in the outbox"`
	SMTPPort int    `env:"PORTAL_SMTP_PORT" envDefault:"587" doc:"its port"`
	SMTPTLS  string `env:"PORTAL_SMTP_TLS" envDefault:"required" doc:"required (STARTTLS), implicit (TLS from the start) or none (loopback only)"`
	SMTPUser string `env:"PORTAL_SMTP_USER" doc:"user name there"`
	SMTPPass Secret `env:"PORTAL_SMTP_PASSWORD" doc:"password there"`
	MailFrom string `env:"PORTAL_MAIL_FROM" envDefault:"portal@localhost" doc:"sender of e-mails"`

	Browser string `env:"PORTAL_PDF_BROWSER" doc:"path of Chromium, which turns receipts into PDF; in dev it is looked for"`

	EvidenceStore  string `env:"PORTAL_EVIDENCE_STORE" doc:"where files of companies are kept, sealed with PORTAL_KEY: a folder, or s3://bucket?endpoint=https://host&region=name for an S3-compatible store; default: the folder evidence below PORTAL_DATA, which several portals must share"`
	EvidenceKeyID  string `env:"PORTAL_EVIDENCE_S3_KEY_ID" doc:"key of the account there; without it, what the machine's environment offers (AWS_ACCESS_KEY_ID, a role)"`
	EvidenceSecret Secret `env:"PORTAL_EVIDENCE_S3_SECRET" doc:"its secret"`
	EvidenceQuota  int    `env:"PORTAL_EVIDENCE_QUOTA_MB" envDefault:"2000" doc:"how much one company may keep, in MB"`
	Clamd          string `env:"PORTAL_CLAMD" doc:"virus scanner ClamAV: tcp://host:3310 or the path of its socket; its StreamMaxLength must be at least 100M. Without it files are not scanned"`
	Unscanned      string `env:"PORTAL_EVIDENCE_UNSCANNED" envDefault:"allow" doc:"who may open a file that no scanner has looked at: allow (whoever may see it), company (only the company whose file it is) or refuse (nobody)"`

	MapFile string `env:"PORTAL_MAP_FILE" doc:"file with the outlines of the map and the lines between countries, in the form of app/geo/world.json; without it the portal draws land only, and no lines"`

	SigningKeys string `env:"PORTAL_SIGNING_KEYS" doc:"folder with the keys (*.pem, EC P-256, PKCS #8, chmod 600) that sign certificates and answers to partner agencies; the last by name signs, all are published. Without it one key is derived from PORTAL_KEY"`
	ClientCert  string `env:"PORTAL_CLIENT_CERT_HEADER" doc:"header in which a trusted proxy hands over the SHA-256 of a client's TLS certificate, in hexadecimal or base64url; the proxy must remove the header when it comes from outside. Empty: certificates are not looked at"`
	KeepHooks   int    `env:"PORTAL_KEEP_WEBHOOK_DAYS" envDefault:"90" doc:"how many days messages of webhooks are kept after they were delivered or given up, and secrets after they sign no more. Answers to requests with an Idempotency-Key are kept for a day, daily files for 35 days, and irregularities that were taken in hand for retention_years of their arrangement (config/arrangements)"`

	DemoIDP string `env:"PORTAL_DEMO_IDP_ADDR" envDefault:"127.0.0.1:8081" doc:"dev only: address of the demo sign-in provider"`
}

// Provider is one way to sign in, as the providers file lists it.
type Provider struct {
	ID              string   `yaml:"id"`
	Name            string   `yaml:"name"`
	Issuer          string   `yaml:"issuer"`
	ClientID        string   `yaml:"client_id"`
	ClientSecret    Secret   `yaml:"client_secret"`
	ClientSecretEnv string   `yaml:"client_secret_env"`
	Audience        string   `yaml:"audience"` // company, staff or partner
	Agency          string   `yaml:"agency"`   // code of the partner agency
	Scopes          []string `yaml:"scopes"`
	RequiredACR     []string `yaml:"required_acr"`
	RequiredAMR     []string `yaml:"required_amr"`
	TokenAuthMethod string   `yaml:"token_auth_method"`
}

// Dev reports whether development conveniences are allowed.
func (c Config) Dev() bool { return c.Env == "dev" }

// Secure reports whether people reach the portal by https.
func (c Config) Secure() bool { return c.BaseURL.Scheme == "https" }

// KeyBytes is the sealing key.
func (c Config) KeyBytes() []byte {
	b, err := base64.StdEncoding.DecodeString(string(c.Key))
	if err != nil {
		return nil
	}
	return b
}

// Load reads the settings through getenv and returns every problem at once.
func Load(getenv func(string) string) (Config, error) {
	var problems []error
	vars := map[string]string{}
	for _, s := range Settings() {
		v := getenv(s.Name)
		if file := getenv(s.Name + "_FILE"); file != "" {
			if v != "" {
				problems = append(problems, fmt.Errorf("%s and %s_FILE are both set: keep one", s.Name, s.Name))
			}
			b, err := os.ReadFile(file)
			if err != nil {
				problems = append(problems, fmt.Errorf("%s_FILE: %w", s.Name, err))
			}
			v = strings.TrimSpace(string(b))
		}
		if v != "" {
			vars[s.Name] = v
		}
	}
	c, err := env.ParseAsWithOptions[Config](env.Options{Environment: vars})
	if err != nil {
		problems = append(problems, err)
	}
	if c.ProvidersFile != "" {
		c.Providers, err = readProviders(c.ProvidersFile, getenv)
		if err != nil {
			problems = append(problems, err)
		}
	}
	return c, errors.Join(append(problems, c.check()...)...)
}

func (c Config) check() (problems []error) {
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if c.Env != "production" && c.Env != "dev" {
		bad("PORTAL_ENV is %q: write production or dev", c.Env)
	}
	if c.BaseURL == nil || c.BaseURL.Host == "" || (c.BaseURL.Scheme != "http" && c.BaseURL.Scheme != "https") || strings.Trim(c.BaseURL.Path, "/") != "" {
		bad("PORTAL_BASE_URL must look like https://portal.example.org, without a path")
	}
	if _, _, err := net.SplitHostPort(c.Addr); err != nil {
		bad("PORTAL_ADDR: %w", err)
	}
	if c.SessionIdle < time.Minute || c.SessionAbsolute < c.SessionIdle || c.SessionWarn >= c.SessionIdle {
		bad("sessions: PORTAL_SESSION_WARN must be shorter than PORTAL_SESSION_IDLE, and that no longer than PORTAL_SESSION_MAX")
	}
	switch c.SMTPTLS {
	case "required", "implicit", "none":
	default:
		bad("PORTAL_SMTP_TLS is %q: write required, implicit or none", c.SMTPTLS)
	}
	if c.Key != "" && len(c.KeyBytes()) != 32 {
		bad("PORTAL_KEY must be 32 bytes in base64: openssl rand -base64 32")
	}
	if c.KeepHooks < 1 || c.KeepHooks > 3650 {
		bad("PORTAL_KEEP_WEBHOOK_DAYS is %d: write days, from 1 to 3650", c.KeepHooks)
	}
	if c.EvidenceQuota < 1 {
		bad("PORTAL_EVIDENCE_QUOTA_MB must be 1 or more")
	}
	switch c.Unscanned {
	case "allow", "company", "refuse":
	default:
		bad("PORTAL_EVIDENCE_UNSCANNED is %q: write allow, company or refuse", c.Unscanned)
	}
	if c.Dev() {
		return problems
	}
	if c.DatabaseURL == "" {
		bad("DATABASE_URL is missing: production never starts a database of its own")
	}
	if c.Key == "" {
		bad("PORTAL_KEY is missing: openssl rand -base64 32")
	}
	if c.BaseURL != nil && c.BaseURL.Scheme != "https" {
		bad("PORTAL_BASE_URL must be https in production")
	}
	if len(c.Providers) == 0 {
		bad("PORTAL_PROVIDERS is missing: nobody could sign in")
	}
	if c.SMTPHost != "" && c.SMTPTLS == "none" && c.SMTPHost != "localhost" && c.SMTPHost != "127.0.0.1" {
		bad("PORTAL_SMTP_TLS=none is for a mail server on this machine only")
	}
	return problems
}

func readProviders(file string, getenv func(string) string) ([]Provider, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("PORTAL_PROVIDERS: %w", err)
	}
	var doc struct {
		Providers []Provider `yaml:"providers"`
	}
	d := yaml.NewDecoder(f)
	d.KnownFields(true)
	err = errors.Join(d.Decode(&doc), f.Close())
	if err != nil {
		return nil, fmt.Errorf("PORTAL_PROVIDERS %s: %w", file, err)
	}
	var problems []error
	for i := range doc.Providers {
		p := &doc.Providers[i]
		if p.ClientSecretEnv != "" {
			p.ClientSecret = Secret(getenv(p.ClientSecretEnv))
		}
		if (p.Audience == "partner") != (p.Agency != "") {
			problems = append(problems, fmt.Errorf("PORTAL_PROVIDERS %s: provider %q: agency belongs to the audience partner, and must be there", file, p.ID))
		}
		if p.Audience != "company" && p.Audience != "staff" && p.Audience != "partner" {
			problems = append(problems, fmt.Errorf("PORTAL_PROVIDERS %s: provider %q: audience is company, staff or partner", file, p.ID))
		}
	}
	return doc.Providers, errors.Join(problems...)
}

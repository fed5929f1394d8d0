// Package blob keeps the content of files, sealed, in a folder of this machine or in an
// S3-compatible store. What it keeps is found by a random name and never changes.
//
// Why sealed here and not by the store: a stolen disk, bucket or backup then holds noise,
// and the portal notices by itself when somebody changed a file behind its back.
package blob

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/blob/s3blob"
	"gocloud.dev/gcerrors"
)

// What goes wrong with a store.
var (
	ErrAway    = errors.New("the store for files did not do it") // down, full, or refusing: it may pass
	ErrMissing = errors.New("the store has no such object")
	ErrDamaged = errors.New("the object is damaged: it is not what was stored")
	ErrTooLong = errors.New("the content is longer than allowed")
)

// Settings say where the store is.
type Settings struct {
	Address string // s3://bucket?endpoint=https://…&region=…, or a folder; empty: Folder
	Folder  string // the folder to use without an address
	KeyID   string // of the S3 account; empty: what the machine's environment offers
	Secret  string
}

// Store keeps objects. Its methods may be called from many goroutines.
type Store struct {
	bucket  *blob.Bucket
	client  *s3.Client // nil: a folder
	name    string     // of the S3 bucket
	dir     string     // of the folder
	Address string     // for people: never with a secret
}

// Open makes the store ready; it does not reach for it. A folder is made when it is not there.
func Open(ctx context.Context, s Settings) (*Store, error) {
	if strings.HasPrefix(s.Address, "s3://") {
		return openS3(ctx, s)
	}
	dir := s.Folder
	if s.Address != "" {
		dir = strings.TrimPrefix(s.Address, "file://")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open the store for files: %w", err)
	}
	b, err := fileblob.OpenBucket(dir, &fileblob.Options{CreateDir: true, DirFileMode: 0o700, NoTempDir: true, Metadata: fileblob.MetadataDontWrite})
	if err != nil {
		return nil, fmt.Errorf("open the store for files: %w", err)
	}
	return &Store{bucket: b, dir: dir, Address: dir}, nil
}

// openS3 reads an address such as s3://evidence?endpoint=https://s3.example.org&region=eu-1&path_style=true.
func openS3(ctx context.Context, s Settings) (*Store, error) {
	u, err := url.Parse(s.Address)
	if err != nil || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" {
		return nil, errors.New("open the store for files: write s3://bucket?endpoint=https://host&region=name")
	}
	q := u.Query()
	for name := range q {
		if name != "endpoint" && name != "region" && name != "path_style" {
			return nil, fmt.Errorf("open the store for files: s3:// knows endpoint, region and path_style, not %q", name)
		}
	}
	region := q.Get("region")
	if region == "" {
		region = "us-east-1" // what stores without regions expect
	}
	options := []func(*config.LoadOptions) error{config.WithRegion(region)}
	if s.KeyID != "" {
		options = append(options, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(s.KeyID, s.Secret, "")))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("open the store for files: %w", err)
	}
	// Stores other than Amazon's do not know its newer checksums; each frame carries its own.
	cfg.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
	cfg.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	client := s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.UsePathStyle = q.Get("path_style") != "false" && q.Get("endpoint") != ""
		if e := q.Get("endpoint"); e != "" {
			o.BaseEndpoint = aws.String(e)
		}
	})
	b, err := s3blob.OpenBucket(ctx, client, u.Host, &s3blob.Options{RequestChecksumCalculation: cfg.RequestChecksumCalculation})
	if err != nil {
		return nil, fmt.Errorf("open the store for files: %w", err)
	}
	return &Store{bucket: b, client: client, name: u.Host, Address: u.String()}, nil
}

// Close lets go of the store.
func (s *Store) Close() error { return s.bucket.Close() }

// Local is the folder that the store is, or "" for a store elsewhere.
func (s *Store) Local() string { return s.dir }

var letters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewName makes a name under prefix that nobody can guess: 160 random bits. The first two
// letters are a folder, so that none grows too large.
func NewName(prefix string) string {
	b := make([]byte, 20)
	if _, err := rand.Read(b); err != nil {
		panic("no random numbers: " + err.Error()) // crypto/rand says it never happens
	}
	n := letters.EncodeToString(b)
	return prefix + n[:2] + "/" + n[2:]
}

// Delete removes an object; one that is not there is no error.
func (s *Store) Delete(ctx context.Context, name string) error {
	err := s.bucket.Delete(ctx, name)
	if err != nil && gcerrors.Code(err) != gcerrors.NotFound {
		return fmt.Errorf("delete an object: %w: %w", ErrAway, err)
	}
	return nil
}

// DeleteAll removes every object below a folder such as "u/7f3a/", unfinished ones too.
// Nobody may be writing there.
func (s *Store) DeleteAll(ctx context.Context, folder string) error {
	if len(folder) < 3 || !strings.HasSuffix(folder, "/") {
		return fmt.Errorf("delete objects: %q is no folder", folder)
	}
	var all []string
	if err := s.each(ctx, folder, func(e Entry) error { all = append(all, e.Name); return nil }); err != nil {
		return err
	}
	for _, name := range all {
		if err := s.Delete(ctx, name); err != nil {
			return err
		}
	}
	if s.dir != "" {
		_ = os.Remove(filepath.Join(s.dir, filepath.FromSlash(folder))) // only when it is empty
	}
	return nil
}

// Entry is an object as the store lists it.
type Entry struct {
	Name string
	Size int64 // sealed: a little more than the content
	At   time.Time
}

// unfinished is the end of the names of files that are being written to a folder.
const unfinished = ".tmp"

// Each calls do for every object whose name begins with prefix.
func (s *Store) Each(ctx context.Context, prefix string, do func(Entry) error) error {
	return s.each(ctx, prefix, func(e Entry) error {
		if strings.HasSuffix(e.Name, unfinished) {
			return nil
		}
		return do(e)
	})
}

func (s *Store) each(ctx context.Context, prefix string, do func(Entry) error) error {
	for list := s.bucket.List(&blob.ListOptions{Prefix: prefix}); ; {
		o, err := list.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("list the objects: %w: %w", ErrAway, err)
		}
		if err := do(Entry{o.Key, o.Size, o.ModTime}); err != nil {
			return err
		}
	}
}

// Has reports whether an object is there.
func (s *Store) Has(ctx context.Context, name string) (bool, error) {
	there, err := s.bucket.Exists(ctx, name)
	if err != nil {
		return false, fmt.Errorf("look for an object: %w: %w", ErrAway, err)
	}
	return there, nil
}

// Sweep removes what was being written when a portal was killed: files under their
// temporary names and uploads in parts that nobody ended, if they began before a time.
func (s *Store) Sweep(ctx context.Context, before time.Time) (removed int, err error) {
	if s.client != nil {
		return s.sweepParts(ctx, before)
	}
	err = s.each(ctx, "", func(e Entry) error {
		if !strings.HasSuffix(e.Name, unfinished) || !e.At.Before(before) {
			return nil
		}
		removed++
		return s.Delete(ctx, e.Name)
	})
	return removed, err
}

func (s *Store) sweepParts(ctx context.Context, before time.Time) (removed int, err error) {
	pages := s3.NewListMultipartUploadsPaginator(s.client, &s3.ListMultipartUploadsInput{Bucket: &s.name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return removed, fmt.Errorf("list unfinished objects: %w: %w", ErrAway, err)
		}
		for _, u := range page.Uploads {
			if u.Initiated == nil || !u.Initiated.Before(before) {
				continue
			}
			if _, err := s.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &s.name, Key: u.Key, UploadId: u.UploadId}); err != nil {
				return removed, fmt.Errorf("drop an unfinished object: %w: %w", ErrAway, err)
			}
			removed++
		}
	}
	return removed, nil
}

// Try writes an object, reads it and removes it: what an operator wants to know of a store.
func (s *Store) Try(ctx context.Context) error {
	key := make([]byte, KeySize)
	if _, err := rand.Read(key); err != nil {
		return err
	}
	name, content := NewName("try/"), "can be written"
	if _, err := s.Write(ctx, key, name, strings.NewReader(content), int64(len(content))); err != nil {
		return err
	}
	r, err := s.Open(ctx, key, name)
	if err == nil {
		var back []byte
		back, err = io.ReadAll(r)
		if e := r.Close(); err == nil {
			err = e
		}
		if err == nil && string(back) != content {
			err = ErrDamaged
		}
	}
	return errors.Join(err, s.Delete(ctx, name))
}

// Full reports whether an error says that there is no room left.
func Full(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// readable turns what a store says about an object into an error of ours.
func readable(err error) error {
	switch {
	case err == nil:
		return nil
	case gcerrors.Code(err) == gcerrors.NotFound:
		return fmt.Errorf("%w: %w", ErrMissing, err)
	}
	return fmt.Errorf("%w: %w", ErrAway, err)
}

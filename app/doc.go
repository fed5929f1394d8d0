// Package app is the portal's house. This is the tour: read the packages in this
// order, and each explains itself in its package comment.
//
// First the words that every room uses:
//
//   - fault: the five kinds of refusal, and problems with fields
//   - i18n: the translation function that every text goes through
//   - entry: what a field may hold, and what to tell a person when it may not
//   - table: CSV and workbooks that people bring, read a row at a time
//   - workflow: transition tables, the only place where a status changes
//   - identity: who acts, under which role; sign-in by OIDC below it
//   - pg: the door to PostgreSQL: transactions, the fence between companies, jobs
//   - audit: who did what, when and why
//   - canon: JSON in its one canonical form, for hashes that anyone can compute again
//   - seal: what the portal keeps and nobody else may read
//   - signing: the keys with which the portal signs what others verify
//   - datafile: YAML that people write by hand, with every problem at once
//   - geo, ical: distances and the map; invitations and feeds that calendars understand
//
// Then what the programme is made of:
//
//   - identifier: the numbers of traders, with their forms and check digits
//   - programme: programmes as data, read from config/programmes
//   - catalogue: the criteria as data: editions, questions, conditions, answers
//   - oscal: criteria in the form of NIST, out and in
//   - clock: legal deadlines: the arithmetic, the rows, the sweep
//   - notice: letters, messages and the outbox of e-mails
//   - signin: who signs in, and their sessions
//   - people: who may act for whom: invitations, rights, offices, agencies
//
// Then the journey of a company, each stage knowing only those before it:
//
//   - company: legal entity, sites, contacts, numbers, change notices
//   - blob, evidence: files as they lie in the store, and the library of what shows that criteria are met
//   - profile: the security profile: cycles, answers, checks, submission; start with workflow.go
//   - risk: the assessment of the supply chain in five steps
//   - application: from the choice of a programme to the decision; start with workflow.go
//   - review: the agency's desk: queues, verdicts, vetting, recommendation
//   - profilereview: the agency's verdict on each criterion, and the way back to the company
//   - standing: what a membership was worth on each day, and what the portal knew of it then
//   - membership: what a certified company has, its certificate, and its yearly reviews
//   - exchange: a profile as a workbook, out and in again
//   - roster: the officers who go on visits, when they are busy, and which times work
//   - validation: visits planned, offered, agreed, moved and carried out; start with workflow.go
//   - plan: the yearly choice of whom to validate, by scores that anybody can follow
//   - feed: private addresses of calendars that people subscribe to
//   - fieldwork: what officers verify, photograph and log on a visit
//   - finding, report: what a validation found, what the company did about it, and what follows
//   - incident: the register of incidents, found by the agency or reported by the company
//   - enforcement: from the investigation to the decision of a second person, and its end
//   - appeal: against a measure, decided by somebody without a part in it
//   - enclosure: documents that a company shows with an incident, a case or an appeal
//   - succession: how members leave, change, and share one security profile
//   - bizpartner: the companies in a member's supply chain: connections, questionnaires, verification links
//   - consent: which other agencies of the government may see a member, and their looks
//   - singlewindow: the signed daily file of memberships for the customs system
//   - consultation: checks by partner agencies: recorded first, answered after, in groups
//   - arrangement: the register of mutual recognition arrangements, and what became of each
//   - recognition: how members are recognised abroad, and what partner agencies are told of them
//   - inbound: lists of foreign operators that partners bring, looked at by two persons
//   - credential: certificates that others verify without asking us, and lists of those no longer good
//   - partnerapi: the programs of partner agencies: keys, tokens, feed, files, webhooks
//   - benefit: what membership brings a company, from the reports that it brings
//   - baseline: what others meet, signed off by a second person, to compare members with
//   - cost: what a company says that examinations and its membership cost it
//   - metric: the arithmetic of benefit figures, with intervals
//   - briefing: the one page that shows a company's management what membership brings
//   - claim: what members say was not given to them, and benefits that nobody sees
//   - headquarters: the programme from above: numbers that open their rows, the yearly report, comparisons
//
// And around it:
//
//   - web: routes.go is the map of the site and the list of who may do what
//   - jobs: the queue's workers
//   - doctor: the health of an installation
//   - demo: a made-up programme to look at; scale makes it as large as an administration
//   - document, textdiff: files that the portal makes, and two texts compared word by word
//   - pgembed: a private PostgreSQL for development
//   - apptest: databases and clocks for tests
//
// Outside of app: views draw the pages (views/help are the guides), cmd/portal wires
// everything together, cmd/bench measures it at the size of a whole administration,
// config holds programmes, calendars, settings and the files for running the portal.
//
// Imports go one way: web may know everything, views know the types they show,
// a domain never knows web or views, and nothing knows cmd. imports_test.go holds
// the house to it.
package app

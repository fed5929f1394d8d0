package audit

import (
	"slices"
	"strings"

	"trustedtrader/app/identity"
)

// deed is an action in words.
type deed struct{ action, words string }

// deeds lists every action of the portal, those of one kind of record together, in the
// order of a form. A test holds it to the source code.
func deeds() []deed {
	return []deed{
		{"application.open", "Application opened"}, {"application.answer_eligibility", "Eligibility answered"},
		{"application.sign_agreement", "Agreement signed"}, {"application.submit", "Application submitted"},
		{"application.claim", "Case claimed"}, {"application.release", "Case given back"}, {"application.assign", "Case assigned"},
		{"application.take_over", "Lock taken over"}, {"application.start_review", "Review started"}, {"application.accept", "Application accepted"},
		{"application.review", "Verdicts saved"}, {"application.vet", "Vetting outcomes saved"},
		{"application.request_information", "Information requested"}, {"application.save_answers", "Answers saved"},
		{"application.answer_information", "Information received"}, {"application.cancel_request", "Request for information taken back"},
		{"application.recommend", "Decision recommended"}, {"application.return_recommendation", "Recommendation returned"},
		{"application.withdraw_recommendation", "Recommendation taken back"}, {"application.approve", "Recommendation approved"},
		{"application.answer_hearing", "Company answered in the hearing"}, {"application.hearing_expired", "Time to be heard is over"},
		{"application.withdraw", "Application withdrawn"}, {"application.lapse", "Application lapsed"}, {"application.make_receipt", "Receipt made"},
		{"application.read", "Case looked at"}, {"application.download", "Copy downloaded"},
		{"profile.open", "Security profile opened"}, {"profile.answer", "Security profile answered"}, {"profile.confirm", "Carried answers confirmed"},
		{"profile.keep_answer", "Answer kept after a return"}, {"profile.assign", "Criteria assigned"}, {"profile.resolve", "Conflict of two answers settled"},
		{"profile.add_sites", "Answer copied to sites"}, {"profile.drop_exception", "Exception of a site dropped"}, {"profile.write", "Message about a criterion written"},
		{"profile.submit", "Security profile submitted"}, {"profile.start_review", "Review of the security profile started"},
		{"profile.return", "Security profile sent back"}, {"profile.cancel_return", "Return of the security profile taken back"},
		{"profile.accept", "Security profile accepted"}, {"profile.end", "Security profile ended"},
		{"profile.overdue", "Annual review overdue"}, {"profile.inherit", "Answers of another company taken over"}, {"profile.warn", "Company warned about a blank or stale profile"},
		{"profile.export", "Security profile downloaded to work offline"}, {"profile.read_file", "Workbook of a security profile read"},
		{"profile.import", "Answers taken over from a workbook"},
		{"profile.claim", "Security profile claimed"}, {"profile.release", "Security profile given back"}, {"profile.assign_reviewer", "Security profile assigned"},
		{"profile.verdict", "Verdict on a criterion"}, {"profile.note", "Note or draft on a criterion"}, {"profile.change_draft", "Draft of a message changed"},
		{"profile.settle", "Message settled"}, {"profile.unsettle", "Message opened again"}, {"profile.read", "Security profile looked at"},
		{"profile.make_receipt", "Copy of the security profile made"}, {"profile.download", "Copy of the security profile downloaded"},
		{"note.write", "Internal note written"}, {"hours.log", "Hours logged"}, {"hours.remove", "Hours taken back"},
		{"clock.start", "Deadline started"}, {"clock.stop", "Deadline ended"}, {"clock.pause", "Deadline paused"}, {"clock.resume", "Deadline runs on"},
		{"clock.extend", "Deadline extended"}, {"clock.run_on", "Deadline runs on after an answer"}, {"clock.remind", "Reminder sent"}, {"clock.expire", "Time ran out"},
		{"enclosure.show", "Documents shown to the agency"}, {"appeal.file", "Appeal filed"}, {"appeal.take", "Appeal taken in hand"}, {"appeal.add", "Something added to an appeal"}, {"appeal.withdraw", "Appeal taken back"}, {"appeal.decide", "Appeal decided"}, {"appeal.read", "Appeal looked at"},
		{"claim.open", "Claim about a benefit made"}, {"claim.take", "Claim taken in hand"}, {"claim.ask", "Partner asked about a claim"}, {"claim.recall", "Question to the partner taken back"}, {"claim.partner_answer", "Partner answered about a claim"},
		{"claim.answer", "Claim answered"}, {"claim.withdraw", "Claim taken back"}, {"claim.again", "Claim made again with new facts"}, {"claim.read", "Claim looked at"}, {"benefit_gap.count", "Benefits that members do not see counted"}, {"benefit_gap.work", "Benefit that members do not see worked on"}, {"claim.partner_read", "Question about a claim looked at by the partner"}, {"enforcement.end_by_appeal", "Measure ended by an appeal"},
		{"api_client.open", "Program registered"}, {"api_client.add_key", "Key of a program added"}, {"api_client.retire_key", "Key of a program retired"}, {"api_client.allow", "Rights of a program set"}, {"api_client.close", "Program closed"}, {"api_client.watch", "Operator put on a watch list"}, {"api_client.unwatch", "Operator taken off a watch list"}, {"api_client.acknowledge", "Event acknowledged by a partner"},
		{"membership.make_certificate", "PDF of a certificate made"}, {"membership.download_certificate", "PDF of a certificate taken"}, {"membership.wallet", "Credential for a wallet taken"}, {"webhook.add", "Webhook added"}, {"webhook.rotate", "Secret of a webhook renewed"}, {"webhook.test", "Test message sent"}, {"webhook.close", "Webhook closed"}, {"webhook.replay", "Message to a partner sent again"},
		{"irregularity.report", "Irregularity reported by a partner"}, {"irregularity.remove", "Old reports of irregularities removed"}, {"irregularity.take", "Irregularity taken in hand"},
		{"membership.admit", "Membership granted"}, {"application.choose_numbers", "Numbers that take part chosen"}, {"membership.follow", "Membership followed another one"}, {"membership.take_effect", "Membership in effect"}, {"membership.award", "Tier awarded"}, {"membership.read_history", "History in law read"}, {"membership.open_review", "Annual review opened"}, {"membership.share", "Security profile of another membership shared"}, {"membership.unshare", "Security profile of its own again"}, {"membership.read", "Membership looked at"},
		{"message.send", "Message sent"}, {"message.read", "Message opened"},
		{"company.register", "Company registered"}, {"company.change", "Company details changed"}, {"company.settle_duplicate", "Possible duplicate settled"},
		{"company.read", "Company looked at"}, {"company.search", "Searched"},
		{"trade_name.add", "Trade name added"}, {"trade_name.remove", "Trade name removed"},
		{"site.add", "Site added"}, {"site.change", "Site changed"}, {"site.close", "Site closed"},
		{"contact.add", "Contact added"}, {"contact.change", "Contact changed"}, {"contact.make_primary", "Primary contact changed"}, {"contact.remove", "Contact removed"},
		{"identifier.add", "Number added"}, {"identifier.remove", "Number removed"}, {"identifier.reveal", "Personal number shown"},
		{"change_notice.open", "Change notice opened"}, {"change_notice.edit", "Change notice edited"}, {"change_notice.propose", "Change added to a notice"},
		{"change_notice.drop", "Change taken out of a notice"}, {"change_notice.send", "Change notice sent"}, {"change_notice.withdraw", "Change notice withdrawn"},
		{"change_notice.accept", "Change notice accepted"}, {"change_notice.return", "Change notice returned"}, {"change_notice.apply", "Change notice carried out"},
		{"change_notice.read", "Change notice looked at"},
		{"evidence.add", "Evidence added"}, {"evidence.add_version", "New version of evidence"}, {"evidence.change", "Evidence changed"}, {"evidence.remove", "Evidence removed"},
		{"evidence.attach", "Evidence attached"}, {"evidence.detach", "Evidence taken off"}, {"evidence.scan", "File scanned for viruses"},
		{"evidence.read", "Evidence looked at"}, {"evidence.download", "Evidence downloaded"},
		{"risk_assessment.begin", "Risk assessment begun"}, {"risk_assessment.add_lane", "Lane added"}, {"risk_assessment.change_lane", "Lane changed"},
		{"risk_assessment.move_lane", "Lane moved"}, {"risk_assessment.remove_lane", "Lane removed"}, {"risk_assessment.add_leg", "Leg added"},
		{"risk_assessment.change_leg", "Leg changed"}, {"risk_assessment.move_leg", "Leg moved"}, {"risk_assessment.remove_leg", "Leg removed"},
		{"risk_assessment.rate_threats", "Threats rated"}, {"risk_assessment.rate_vulnerabilities", "Vulnerabilities rated"},
		{"risk_assessment.add_action", "Action planned"}, {"risk_assessment.change_action", "Action changed"}, {"risk_assessment.remove_action", "Action removed"},
		{"risk_assessment.describe", "Risk assessment documented"}, {"risk_assessment.finish", "Risk assessment finished"},
		{"risk_assessment.read", "Risk assessment looked at"}, {"risk_assessment.download", "Risk assessment downloaded"},
		{"consent.give", "Another agency allowed to see the company"}, {"consent.revoke", "Consent to another agency taken back"}, {"consent.look", "Another agency looked for the company"},
		{"arrangement.record", "Life of an arrangement recorded"}, {"arrangement.overturn", "Event of an arrangement taken back"}, {"arrangement.tie", "Partner agency tied to an arrangement"}, {"arrangement.untie", "Partner agency untied from an arrangement"},
		{"arrangement.propose", "Step of an arrangement proposed"}, {"arrangement.approve", "Step of an arrangement approved"}, {"arrangement.refuse", "Step of an arrangement refused"}, {"arrangement.take_back", "Proposed step of an arrangement taken back"},
		{"recognition.ask", "Recognition abroad asked for"}, {"recognition.send", "Request for recognition sent to the partner"}, {"recognition.acknowledge", "Partner took up a request for recognition"}, {"recognition.recognise", "Partner recognized a member"}, {"recognition.refuse", "Partner does not recognize a member"},
		{"recognition.withdraw", "Recognition ended by withdrawn consent"}, {"recognition.end", "Recognition abroad ended"}, {"recognition.consent", "Consent to recognition given"}, {"recognition.withdraw_consent", "Consent to recognition withdrawn"},
		{"recognition.add_number", "Number for a partner added"}, {"recognition.remove_number", "Number for a partner removed"}, {"recognition.tell", "Partner told of a member"}, {"recognition.alarm", "Partner has not acknowledged in a day"}, {"recognition.acknowledge_notice", "Partner acknowledged what it was told"}, {"recognition.acknowledge_all", "Partner acknowledged a step of a whole arrangement"}, {"arrangement.tell", "Partner told of a step of a whole arrangement"},
		{"check_batch.upload", "List of numbers brought for checks"}, {"check_batch.retry", "List of numbers checked again"},
		{"foreign_operator.apply", "Foreign operator applied for recognition"}, {"foreign_operator.confirm", "Foreign operator confirmed by its customs"}, {"foreign_operator.reject", "Foreign operator not confirmed by its customs"},
		{"foreign_operator.suspend", "Foreign operator suspended at home"}, {"foreign_operator.resume", "Foreign operator counts again at home"}, {"foreign_operator.cease", "Status of a foreign operator ended at home"},
		{"inbound_feed.bring", "List of foreign operators brought"}, {"inbound_feed.map", "Columns of a list of foreign operators named"}, {"inbound_feed.take", "List of foreign operators taken over"},
		{"inbound_feed.refuse", "List of foreign operators refused"}, {"inbound_feed.withdraw", "List of foreign operators taken back"}, {"business_partner.settle", "Change of a business partner's status abroad looked at"},
		{"single_window.make", "Daily file of memberships made"}, {"single_window.download", "Daily file of memberships downloaded"},
		{"succession.open", "Change of a membership prepared"}, {"succession.change", "Prepared change of a membership edited"}, {"succession.send", "Change of a membership sent"},
		{"succession.drop", "Prepared change of a membership given up"}, {"succession.call_off", "Change of a membership called off"}, {"succession.take", "Change of a membership taken up"},
		{"succession.return", "Change of a membership sent back"}, {"succession.propose", "Decision on a change of a membership proposed"}, {"succession.accept", "Change of a membership accepted"},
		{"succession.refuse", "Change of a membership refused"}, {"succession.send_back", "Proposal on a change of a membership given back"}, {"succession.take_effect", "Change of a membership in effect"},
		{"succession.overtake", "Change of a membership overtaken"}, {"succession.decide_item", "Decided what becomes of an open record"}, {"succession.link", "Application of the new company linked"}, {"succession.pass_on", "Answers passed on to the new company"},
		{"succession.read", "Change of a membership looked at"},
		{"finding.draft", "Finding drafted"}, {"finding.change", "Draft of a finding changed"}, {"finding.send", "Finding sent"}, {"finding.answer", "Finding answered"},
		{"finding.ask_for_time", "More time asked for"}, {"finding.extend", "More time given"}, {"finding.refuse_time", "More time refused"}, {"finding.accept", "Answer to a finding accepted"},
		{"finding.reopen", "Answer to a finding sent back"}, {"finding.escalate", "Finding passed on to enforcement"}, {"finding.withdraw", "Finding taken back"},
		{"finding.read", "Finding looked at"}, {"finding.download", "File of a finding downloaded"}, {"finding.export", "Statistics of findings exported"},
		{"validation.open", "Validation opened"}, {"validation.change", "Validation changed"}, {"validation.notify", "Company notified of a validation"},
		{"validation.begin", "Visits begun"}, {"validation.finish", "Visits done"}, {"validation.issue", "Validation reported on"}, {"validation.close", "Validation closed"},
		{"validation.cancel", "Validation cancelled"}, {"validation.read", "Validation looked at"},
		{"visit.add", "Visit added"}, {"visit.change", "Visit changed"}, {"visit.set_team", "Team of a visit chosen"}, {"visit.offer", "Times offered"},
		{"visit.withdraw_offer", "Offer of times taken back"}, {"visit.withdraw", "Visit to book again"}, {"visit.withdraw_time", "Offered time taken back"},
		{"visit.remind", "Company reminded of an offer"}, {"visit.unanswered", "Offer not answered in time"}, {"visit.answer", "Offer of times answered"},
		{"visit.ask_another_time", "Company asked for another time"}, {"visit.book", "Visit booked"}, {"visit.reschedule", "Visit moved"},
		{"visit.recompute", "Visit moved by new rules of its time zone"}, {"visit.agree_to_short_notice", "Company agreed to short notice"},
		{"visit.start", "Visit begun"}, {"visit.end", "Visit ended"}, {"visit.settle", "Visit settled without going there"}, {"visit.call_off", "Visit cancelled"},
		{"visit.ask_for_document", "Document asked for"}, {"visit.remove_document", "Document asked for no more"}, {"visit.mark_document", "Document marked"},
		{"visit.prepare", "Visit prepared"}, {"visit.ask_for_observer", "Observer asked for"}, {"visit.consent", "Answer about an observer"}, {"visit.conclude", "Observer concluded"},
		{"visit.read", "Visit looked at"},
		{"fieldwork.choose", "Criteria of a visit chosen"}, {"fieldwork.verify", "Criterion verified on a visit"}, {"fieldwork.add_file", "File of a visit added"},
		{"fieldwork.remove_file", "File of a visit taken off"}, {"fieldwork.download", "File of a visit downloaded"}, {"fieldwork.read", "Field work of a visit looked at"}, {"fieldwork.import", "Workbook of a visit taken over"},
		{"report.begin", "Report begun"}, {"report.edit", "Report edited"}, {"report.assemble", "Report assembled again"}, {"report.propose", "Outcome proposed"},
		{"report.share", "Draft of the report shared"}, {"report.comment", "Company commented on the draft"}, {"report.go_on", "Report taken up again"}, {"report.submit", "Report submitted"},
		{"report.recall", "Report taken back"}, {"report.return", "Report returned"}, {"report.approve", "Report approved"}, {"report.issue", "Report issued"},
		{"report.read", "Report looked at"}, {"report.download", "Report downloaded"}, {"report.make_pdf", "PDF of the report made"},
		{"benefit_import.bring", "Report of benefits brought"}, {"benefit_import.map", "Columns of a report mapped"}, {"benefit_import.take_over", "Report of benefits to be taken over"},
		{"benefit_import.taken", "Report of benefits taken over"}, {"benefit_import.retry", "Report of benefits tried again"}, {"benefit_import.undo", "Report of benefits to be undone"},
		{"benefit_import.undone", "Report of benefits undone"}, {"benefit_import.drop", "Report of benefits dropped"},
		{"briefing.keep", "Report for the management kept"}, {"briefing.make_pdf", "Report for the management printed"}, {"briefing.download", "Report for the management downloaded"},
		{"exam_cost.add", "Cost of an examination entered"}, {"exam_cost.change", "Cost of an examination changed"}, {"exam_cost.remove", "Cost of an examination removed"},
		{"membership_cost.add", "Cost of membership entered"}, {"membership_cost.change", "Cost of membership changed"}, {"membership_cost.remove", "Cost of membership removed"},
		{"baseline.bring", "Baseline brought"}, {"baseline.sign", "Baseline signed off"}, {"baseline.refuse", "Baseline refused"}, {"baseline.withdraw", "Baseline withdrawn"}, {"baseline.take_back", "Baseline taken back"},
		{"business_partner.add", "Business partner added"}, {"business_partner.change", "Business partner changed"}, {"business_partner.end", "Business partner ended"},
		{"business_partner.read_file", "List of business partners read"}, {"business_partner.import", "List of business partners taken over"}, {"business_partner.export", "Business partners downloaded"}, {"business_partner.read", "Business partners looked at"},
		{"partner_connection.consent", "Consent to show the status given"}, {"partner_connection.withdraw_consent", "Consent to show the status taken back"},
		{"partner_connection.ask", "Connection with a member asked for"}, {"partner_connection.accept", "Connection with a member accepted"}, {"partner_connection.refuse", "Connection with a member refused"},
		{"partner_connection.end", "Connection with a member ended"}, {"partner_connection.link", "Connection tied to a business partner"}, {"partner_connection.keep", "Status of a member kept as evidence"},
		{"questionnaire.send", "Questionnaire sent"}, {"questionnaire.remind", "Reminder of a questionnaire sent"}, {"questionnaire.expire", "Link of a questionnaire expired"},
		{"questionnaire.save", "Answers of a questionnaire saved"}, {"questionnaire.answer", "Questionnaire answered"}, {"questionnaire.refuse", "Questionnaire refused"}, {"questionnaire.reuse", "Earlier answers used again"},
		{"questionnaire.unuse", "Permission to use earlier answers taken back"}, {"questionnaire.return", "Answers of a questionnaire sent back"}, {"questionnaire.accept", "Questionnaire accepted"},
		{"questionnaire.renew", "New link of a questionnaire sent"}, {"questionnaire.cancel", "Questionnaire called off"}, {"questionnaire.add_action", "Corrective action of a partner added"},
		{"questionnaire.close_action", "Corrective action of a partner closed"}, {"questionnaire.keep", "Questionnaire kept as evidence"},
		{"verification_link.make", "Verification link made"}, {"verification_link.revoke", "Verification link switched off"},
		{"incident.report", "Incident reported by the company"}, {"incident.register", "Incident registered"}, {"incident.change", "Incident changed"},
		{"incident.look_into", "Incident looked into"}, {"incident.close", "Incident closed"}, {"incident.pass", "Incident taken up in a case"}, {"incident.merge", "Incident merged into another"},
		{"incident.take_over", "Another incident merged into it"}, {"incident.reopen", "Incident opened again"}, {"incident.note", "Note on an incident written"},
		{"incident.supplement", "Company added to an incident"}, {"incident.read", "Incident looked at"},
		{"enforcement.open", "Case opened"}, {"enforcement.request", "Suspension asked for"}, {"enforcement.link", "Incidents taken up in a case"},
		{"enforcement.take", "Case taken"}, {"enforcement.note", "Note on a case written"}, {"enforcement.propose", "Measure proposed"}, {"enforcement.recall", "Proposal taken back"},
		{"enforcement.notify", "Notice sent"}, {"enforcement.answer", "Notice answered"}, {"enforcement.approve", "Measure decided"}, {"enforcement.return", "Proposal sent back"},
		{"enforcement.suspend_at_once", "Suspended at once"}, {"enforcement.confirm", "Suspension at once confirmed"}, {"enforcement.lift", "Suspension at once lifted"},
		{"enforcement.extend", "Suspension prolonged"}, {"enforcement.keep_day", "Longer suspension refused"}, {"enforcement.propose_end", "End of a measure proposed"},
		{"enforcement.recall_end", "Proposed end taken back"}, {"enforcement.approve_end", "Measure ended"}, {"enforcement.return_end", "Proposed end sent back"},
		{"enforcement.publish", "Decision published"}, {"enforcement.overturn", "Decision overturned"}, {"enforcement.answer_suspension", "Suspension answered"},
		{"enforcement.report_cure", "Conditions met again, as the company says"}, {"enforcement.ask_for_time", "Longer suspension asked for"}, {"enforcement.consent", "Consent to unannounced visits signed"},
		{"enforcement.add_item", "Item added to a plan"}, {"enforcement.change_item", "Item of a plan changed"}, {"enforcement.drop_item", "Item taken out of a plan"},
		{"enforcement.send_plan", "Corrective action plan sent"}, {"enforcement.accept_plan", "Corrective action plan accepted"}, {"enforcement.return_plan", "Corrective action plan sent back"},
		{"enforcement.done_item", "Item of a plan done"}, {"enforcement.verify_item", "Item of a plan verified"}, {"enforcement.return_item", "Item of a plan not done yet"},
		{"enforcement.time_over", "Last day of a suspension passed"}, {"enforcement.unconfirmed", "Suspension at once not confirmed in time"}, {"enforcement.read", "Case of enforcement looked at"},
		{"invitation.send", "Invitation sent"}, {"invitation.accept", "Invitation accepted"}, {"invitation.revoke", "Invitation taken back"},
		{"right.grant", "Right given"}, {"right.change", "Right changed"}, {"right.end", "Right ended"}, {"person.change", "Name or e-mail address changed at the sign-in provider"}, {"person.language", "Language chosen"}, {"person.zone", "Time zone chosen"},
		{"office.open", "Office opened"}, {"office.change", "Office changed"},
		{"agency.open", "Partner agency opened"}, {"agency.change", "Partner agency changed"},
		{"officer.register", "Officer registered"}, {"officer.change", "Officer changed"}, {"officer.end", "Officer taken off the roster"},
		{"booking.add", "Leave or training entered"}, {"booking.cancel", "Leave or training taken out"}, {"booking.expire", "Held time freed"},
		{"calendar_feed.make", "Private address of a calendar made"}, {"calendar_feed.revoke", "Private address of a calendar switched off"},
		{"plan.make", "Yearly plan made"}, {"plan.refresh", "Yearly plan scored anew"}, {"plan.decide", "Decided on a member for the plan"}, {"plan.adopt", "Yearly plan adopted"},
		{"plan.read", "Line of the yearly plan looked at"}, {"headquarters.export", "Figures or their rows downloaded"}, {"plan.download", "Yearly plan downloaded"}, {"plan.download_due", "Members by their day downloaded"},
		{"catalogue.export", "Criteria downloaded"},
		{"session.sign_in", "Signed in"}, {"session.act_as", "Chose a role"}, {"session.sign_out", "Signed out"}, {"session.end", "Ended a session"},
		{"audit.read", "Audit trail looked at"}, {"audit.export", "Audit trail exported"},
	}
}

// Actions lists the actions that a reader of the trail may come across, in the order of a form.
func Actions(by identity.Actor) (out []string) {
	for _, d := range deeds() {
		noun, _, _ := strings.Cut(d.action, ".")
		if by.Role != identity.Administrator || slices.Contains(administrators(), noun) {
			out = append(out, d.action)
		}
	}
	return out
}

// Words say what an action did (English source text). An action without words of its
// own, such as one of an older edition of the portal, is shown by its parts.
func Words(action string) string {
	all := deeds()
	if i := slices.IndexFunc(all, func(d deed) bool { return d.action == action }); i >= 0 {
		return all[i].words
	}
	noun, verb, _ := strings.Cut(action, ".")
	return upperFirst(strings.ReplaceAll(noun+": "+verb, "_", " "))
}

// Group is the heading under which a form lists an action (English source text).
func Group(action string) string {
	noun, _, _ := strings.Cut(action, ".")
	switch noun {
	case "application", "note", "hours":
		return "Cases"
	case "profile":
		return "Security profiles"
	case "clock":
		return "Deadlines"
	case "membership":
		return "Memberships"
	case "message":
		return "Letters and messages"
	case "risk_assessment":
		return "Risk assessment"
	case "officer", "booking":
		return "Officers and calendars"
	case "incident", "enforcement":
		return "Incidents and enforcement"
	case "finding", "report", "fieldwork":
		return "Findings and reports"
	case "validation", "visit":
		return "Validations"
	case "right", "invitation", "person", "office", "agency":
		return "People and offices"
	case "headquarters":
		return "Headquarters"
	case "plan":
		return "Yearly plan"
	case "catalogue":
		return "Criteria"
	case "session", "calendar_feed":
		return "Sign-in"
	case "audit":
		return "Audit trail"
	case "evidence":
		return "Evidence"
	case "business_partner", "partner_connection", "questionnaire", "verification_link":
		return "Business partners"
	case "arrangement", "recognition", "foreign_operator", "inbound_feed":
		return "Mutual recognition"
	case "benefit_import", "baseline", "exam_cost", "membership_cost", "briefing":
		return "Benefits"
	}
	return "Company account"
}

// kind is a kind of record in words.
type kind struct{ code, words string }

func kinds() []kind {
	return []kind{
		{"application", "Application"}, {"profile", "Security profile"}, {"membership", "Membership"}, {"message", "Message"},
		{"company", "Company"}, {"trade_name", "Trade name"}, {"site", "Site"}, {"contact", "Contact"}, {"identifier", "Number"},
		{"change_notice", "Change notice"}, {"evidence", "Evidence"}, {"risk_assessment", "Risk assessment"}, {"finding", "Finding"}, {"incident", "Incident"}, {"enforcement", "Case of enforcement"},
		{"business_partner", "Business partner"}, {"partner_connection", "Connection with a member"}, {"questionnaire", "Questionnaire"}, {"verification_link", "Verification link"}, {"benefit_import", "Report of benefits"}, {"briefing", "Report for the management"}, {"exam_cost", "Cost of an examination"}, {"membership_cost", "Cost of membership"}, {"baseline", "Baseline"},
		{"validation", "Validation"}, {"visit", "Visit"}, {"plan", "Yearly plan"}, {"plan_item", "Line of a yearly plan"}, {"headquarters", "Figures of headquarters"},
		{"person", "Person"}, {"right", "Right"}, {"invitation", "Invitation"}, {"office", "Office"}, {"agency", "Partner agency"}, {"check_batch", "List of numbers checked"},
		{"officer", "Officer"}, {"booking", "Entry of a calendar"},
		{"arrangement", "Arrangement"}, {"recognition", "Recognition abroad"}, {"recognition_event", "Notice to a partner"}, {"foreign_operator", "Foreign operator"}, {"inbound_feed", "List of foreign operators"},
		{"catalogue", "Criteria"}, {"session", "Sign-in"}, {"calendar_feed", "Private address of a calendar"}, {"search", "Search"}, {"audit", "Audit trail"},
	}
}

// Kinds lists the kinds of records that a reader of the trail may come across, in the
// order of a form.
func Kinds(by identity.Actor) (out []string) {
	for _, k := range kinds() {
		if by.Role != identity.Administrator || slices.Contains(administrators(), k.code) {
			out = append(out, k.code)
		}
	}
	return out
}

// KindName is a kind of record for a person to read (English source text).
func KindName(code string) string {
	all := kinds()
	if i := slices.IndexFunc(all, func(k kind) bool { return k.code == code }); i >= 0 {
		return all[i].words
	}
	return upperFirst(strings.ReplaceAll(code, "_", " "))
}

// looks are the verbs of events that changed nothing: somebody saw something.
func looks() []string { return []string{"read", "reveal", "search", "export", "print", "download"} }

// FieldName is a field of an event for a person to read (English source text).
func FieldName(field string) string {
	if name := map[string]string{"assignee": "Assigned to", "due_on": "Due", "clock": "Deadline", "event": "Because of", "attested_name": "Declared by",
		"extension_days": "Extended by days", "membership_number": "Membership number", "effective_on": "In effect from", "certified_on": "Certified on",
		"points": "Points", "parts": "Parts", "acr": "Level of sign-in", "amr": "Means of sign-in", "lang": "Language", "sha256": "SHA-256", "media_type": "Kind of file", "query": "Searched for"}[field]; name != "" {
		return name
	}
	return upperFirst(strings.ReplaceAll(field, "_", " "))
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// Package help holds the guides: how people do their work with the portal, page by page.
//
// The texts are source texts for the translation function. In them, **words** are the
// name of a button, a page or a field, as the page shows it, and [words](/path) is a link
// to a page. A test holds both to what there is.
package help

// Guide is for one group of people.
type Guide struct {
	Slug  string // its address is /help/<Slug>
	Title string
	For   string // who it is for, in a sentence
	Parts []Part
}

// Part is one task.
type Part struct {
	ID     string
	Title  string
	Intro  string
	Steps  []string // in order
	Points []string // good to know
	Clocks Owner    // shows the periods that the programmes' data name for it
	Rules  []string // shows the periods of these clocks: a code, or a programme's code and its code, as in ctpat-tc/annual_review_due
}

// Owner picks periods: of the company or of the agency. Empty: none.
type Owner string

// Whose periods a part shows.
const (
	CompanyClocks Owner = "company"
	AgencyClocks  Owner = "agency"
)

// Path of a guide's page.
func (g Guide) Path() string { return "/help/" + g.Slug }

// Find is the guide with a slug.
func Find(slug string) (Guide, bool) {
	for _, g := range Guides() {
		if g.Slug == slug {
			return g, true
		}
	}
	return Guide{}, false
}

// Guides lists all of them in the order of the index.
func Guides() []Guide {
	return []Guide{registering(), applying(), profiles(), proving(), offline(), assessing(), validated(), afterwards(), living(), suppliers(), counting(), specialists(), deciders(), above(), administrators(), partners()}
}

func registering() Guide {
	return Guide{Slug: "company-account", Title: "The company's account and its people",
		For: "For companies: register, complete the account, and let colleagues work with you.",
		Parts: []Part{
			{ID: "register", Title: "Register a company", Intro: "One account holds everything about a company. Register once, also for several programmes.",
				Steps: []string{
					"Open [the sign-in page](/signin) and choose your business account. The portal has no passwords of its own.",
					"Choose **Register a company**. Enter the legal name, the country and the registration number as they stand in the official register.",
					"Choose **Register company**. You become the owner of the account.",
				},
				Points: []string{"If a colleague has registered the company already, do not register it again. Ask the colleague to invite you."}},
			{ID: "account", Title: "Complete the account", Intro: "The application reads the account, so that nothing is asked twice.",
				Steps: []string{
					"Open [Company account](/company/profile) and choose **Add a site** for each place where you handle goods or keep your books. The time zone of a site is the clock for visits.",
					"Choose **Add a contact**. There are at least two contacts, and the primary one is an officer. A consultant is never the primary contact.",
					"Choose **Add a number** for each number that the programme asks for. The portal checks the format and, where there is one, the check digit.",
				},
				Points: []string{
					"Numbers of persons are stored sealed and shown with all but the last digits hidden.",
					"**History** shows who changed what and when.",
				}},
			{ID: "people", Title: "People and roles", Intro: "Owners decide who may do what. A change takes effect at once, also for whoever is signed in.",
				Steps: []string{
					"Open [People](/company/people) and choose **Invite a person**.",
					"Enter the e-mail address, choose a role and choose **Send invitation**. The invitation holds for 14 days.",
					"The person signs in with that address and accepts.",
				},
				Points: []string{
					"An owner manages people. A signatory signs and submits. An editor changes the account and the answers. A contributor works on the parts that are assigned. A reader reads.",
					"A representative works for you from outside. The role has an end date, at most two years ahead.",
					"Nobody changes their own role, and the last owner stays. You can leave with **End my access**.",
				}},
			{ID: "calendar", Title: "Visits in your own calendar", Intro: "A private address shows your visits in the calendar program that you use.",
				Steps: []string{
					"Open [Your calendar](/me/calendar) and choose **Make a private address**. Copy it at once: it is shown this once.",
					"Give it to your calendar program where it takes a calendar to subscribe to.",
				},
				Points: []string{
					"Whoever has the address reads the calendar. Choose **Switch off** or **Make a new one** when it may be in other hands.",
					"Programs ask for news when they want, Google after 8 to 24 hours. For what counts today, look into the portal.",
				}},
			{ID: "session", Title: "Signing in and out", Intro: "Sessions end by themselves. What you type is kept.",
				Points: []string{
					"A warning comes before you are signed out. Choose to stay, and go on.",
					"If you are signed out all the same, sign in again: what you sent is still there.",
					"[Your sign-in](/me) shows where you are signed in. Choose **Sign out there** for a session that you do not know.",
				}},
		}}
}

func applying() Guide {
	return Guide{Slug: "apply", Title: "Apply and be certified",
		For: "For companies: from the first question to the certificate.",
		Parts: []Part{
			{ID: "choose", Title: "Choose a programme", Intro: "You learn early whether you can join.",
				Steps: []string{
					"Open [Home](/company) and choose **Choose a programme**.",
					"Choose the programme and the kind of member that you are.",
					"Answer the eligibility questions and choose **Save and continue**. If you cannot join, the page says so and why.",
				}},
			{ID: "tasks", Title: "Work through the tasks", Intro: "The page of the application lists the tasks and always names one next step.",
				Points: []string{
					"Several people can work at the same time. If two change the same thing, the second one sees what changed and nothing typed is lost.",
					"A task is ready when nothing is missing in it. What is missing is said in words, with a link to the place.",
				}},
			{ID: "agreement", Title: "Sign the agreement", Intro: "An officer of the company signs, with the role of signatory or owner.",
				Steps: []string{
					"Open **Sign the agreement**, read the text and tick each statement.",
					"Enter your full name and your job title, and choose **Sign the agreement**.",
				},
				Points: []string{"The portal keeps the exact text, its fingerprint, who signed and when. If the legal name changes afterwards, an officer signs again."}},
			{ID: "submit", Title: "Check and submit", Intro: "What you submit is stored exactly as sent.",
				Steps: []string{
					"Open **Check your answers** and read every part. Each line has a link to change it.",
					"Confirm that the answers are true, enter your full name and choose **Submit the application**.",
					"Keep the receipt. It has the reference, a copy as PDF and as JSON, and what happens next by which date.",
				}},
			{ID: "progress", Title: "What happens next", Intro: "The agency checks your profile and, at the same time, vets the company, its officers and sites.",
				Points: []string{
					"The page of the application shows the stages, planned and actual, and every period that runs.",
					"For AEO, the authority first accepts the application, then examines it. Before it refuses, it tells you its grounds and you can answer.",
					"When you are certified, [Home](/company) shows the membership. Choose **Show the certificate** to print it.",
				}},
		}}
}

func profiles() Guide {
	return Guide{Slug: "security-profile", Title: "The security profile",
		For: "For companies: fill in the criteria together, show evidence, submit and answer.",
		Parts: []Part{
			{ID: "fill", Title: "Fill it in", Intro: "One page for each criterion, over as many days as you need. Several people can work at once.",
				Steps: []string{
					"Open [Security profile](/profiles). The list shows each criterion with its state. The button leads to the one that waits for you.",
					"Read what the criterion asks and answer the questions. Each answer is saved a moment after you stop typing, and the page says when. Without scripts, choose **Save and next** or **Save and stay**.",
					"Attach evidence where the criterion asks for it.",
				},
				Points: []string{
					"A no is an answer too. With a must it asks for a plan and a day, with a should for the reason.",
					"**Not applicable** always needs the reason. We look at it and may ask.",
					"Musts and shoulds are counted apart. The count says how far you are. It is no mark.",
					"In **Table** you see a whole section at once, for those who know the questions.",
				}},
			{ID: "together", Title: "Work together", Intro: "Nobody waits for anybody, and nothing typed is lost.",
				Steps: []string{
					"Open **Who fills in what** and choose sections or criteria, a person and a day. A contributor can change only what is assigned to them.",
					"The page of a criterion says who else has it open.",
					"If two change the same answer, the second one sees both and chooses: **Keep mine**, the colleague's, or **Combine the two**.",
				},
				Points: []string{"**History** beside an answer shows every wording that it ever had, with what changed and who changed it."}},
			{ID: "sites", Title: "When a site differs", Intro: "An answer holds at every site, except where you say so.",
				Steps: []string{
					"On the page of a criterion open **A site differs** and choose the site. Change there what is different.",
					"**Sites that differ** shows all exceptions in one table. Choose **Apply to sites** when several sites differ in the same way.",
				}},
			{ID: "submit", Title: "Check and submit", Intro: "What you submit is stored exactly as sent.",
				Steps: []string{
					"Open **Checks**. Mend what stands under **To mend before you submit**, and read the rest.",
					"Open **Check and submit**, read your answers, and declare that they are true. An owner or signatory does this who is listed as an officer.",
					"Keep the receipt. It has the reference, the fingerprint, copies, and what happens next.",
				}},
			{ID: "returned", Title: "When we send it back", Intro: "We send everything back at once, with a remark for each criterion.",
				Steps: []string{
					"The list shows what we sent back. Only those criteria can be changed. Change the answer or the evidence, or choose **Nothing changes** and write to us why.",
					"When all are answered, declare and submit again: the signature of before is void.",
				},
				Points: []string{"Under **What we said about it** the page of a criterion keeps every result that we sent you, and the list shows the last one."}},
			{ID: "again", Title: "The next year", Intro: "The next profile begins with your last answers.",
				Points: []string{
					"[Home](/company) and [Security profile](/profiles) lead to the review that is open and say by when it is due.",
					"Choose **Still true** for each criterion that has not changed, or change it. The shoulds of a section can be confirmed together below it, musts one by one.",
					"A criterion that is asked no more is listed there too, with what you answered last.",
					"A criterion whose words have changed shows what is different. Evidence that has expired does not come along.",
				}, Rules: []string{"annual_review_opens", "annual_review_due"}},
		}}
}

func afterwards() Guide {
	return Guide{Slug: "requests-and-dates", Title: "Requests, changes and dates",
		For: "For companies: answer the agency, tell it of changes, and read a deadline.",
		Parts: []Part{
			{ID: "request", Title: "Answer a request for information", Intro: "The agency asks for everything at once. Only what it asks about can be changed.",
				Steps: []string{
					"Open the application from [Home](/company). The next step is the request.",
					"Answer each point. Where a part of the application is meant, follow its link and change it.",
					"Choose **Send all answers**. While the agency waits for you, its own period stands still.",
				}},
			{ID: "hearing", Title: "Your right to be heard", Intro: "Before a decision against you under EU rules, the authority tells you its grounds.",
				Steps: []string{"Open **Your right to be heard** from the application.", "Write your view and choose **Send your view**. It is read before the decision."}},
			{ID: "rejected", Title: "When an application is rejected", Intro: "Every point has its reason.",
				Points: []string{"**Read how it ended** lists the points and from which day you may apply again.", "You can withdraw an application at any time before the decision. That is no rejection."}},
			{ID: "changes", Title: "Tell the agency of a change", Intro: "While the agency relies on the account, changes go through a change notice with the day from which they hold.",
				Steps: []string{
					"Open [Changes](/company/changes) and choose **Start a change notice**.",
					"Enter the effective day and explain the change, then add each change to the notice.",
					"Choose **Send change notice**. When the agency accepts it, the account changes on the effective day by itself.",
				}},
			{ID: "inbox", Title: "Letters and messages", Intro: "Everything the agency writes to you is in the [Inbox](/inbox). An e-mail only says that something waits.",
				Points: []string{"Answer a letter from its page with **Send message**. To write first, open the page of your application."}},
			{ID: "dates", Title: "How days are counted", Intro: "A date is never typed. It follows from an event and a rule, and the page shows the sum.",
				Points: []string{
					"The day of the event does not count: the first day is the day after. A period ends when its last day is over at your field office.",
					"While a period is paused its days do not count. The page shows why and since when.",
					"Where EU law asks for it, a last day that is a day off moves to the next working day.",
				}, Clocks: CompanyClocks},
			answering(), incidentPart(),
		}}
}

func proving() Guide {
	return Guide{Slug: "evidence", Title: "Evidence: files and links",
		For: "For companies: keep what shows that you meet the criteria, and attach it to them.",
		Parts: []Part{
			{ID: "add", Title: "Add evidence", Intro: "Each item is added once and can speak for many criteria.",
				Steps: []string{
					"Open [Evidence](/evidence) and choose **Add evidence**.",
					"Choose one or several files. They are sent at once, and the list says how far each of them is. For a page on the web enter its address instead.",
					"Choose **Add details** and say what it is, who is responsible for it, and until when it is valid.",
				},
				Points: []string{
					"A file may have up to 100 MB. When the connection drops, what has arrived is kept: the sending goes on by itself, or with **Go on**.",
					"We look into every file. Programs, web pages, macros and archives are not taken. What we cannot look into, such as a file under a password, is quarantined: nobody can open it, and the page says what to send instead.",
					"Until the virus scanner has looked at a file, it waits and cannot be opened.",
				}},
			{ID: "attach", Title: "Attach it to criteria", Intro: "On the page of the criterion, or from the page of the item.",
				Steps: []string{
					"Open the item from [Evidence](/evidence) and choose **Attach to criteria**.",
					"Tick every criterion that it speaks for. If it speaks for one site only, choose the site first.",
				},
				Points: []string{
					"You can attach and take off while a profile is filled in, and after it was returned for the criteria that it was returned for.",
					"What you submit is kept with the profile, with the version of the file that it had then.",
				}},
			{ID: "keep", Title: "Keep it up to date", Intro: "The library says what has expired and what expires soon.",
				Points: []string{
					"**Add a new version** on the page of the item replaces the file everywhere it is attached and not yet submitted. Earlier versions stay.",
					"**Remove from the library** takes the item off what can still be changed. What was submitted stays as proof; the content of anything else is deleted.",
				}},
		}}
}

func specialists() Guide {
	return Guide{Slug: "specialists", Title: "Work on cases",
		For: "For specialists: from the queue to the recommendation.",
		Parts: []Part{
			{ID: "queue", Title: "The desk", Intro: "The [desk](/desk) has one list per question: yours, not assigned, waiting for the company, overdue.",
				Steps: []string{"Open **Not assigned** and choose **Claim** beside a case of your office.", "Sort by **Next day** to see what is due first."},
				Points: []string{
					"Who opens a case to work on it holds a soft lock for a quarter of an hour. Others see the name and can read. The list and the case say the same.",
					"[Search](/desk/search) finds a reference, any identification number, or a name, also misspelt or without accents. Each search is on record.",
				}},
			{ID: "review", Title: "Profile review", Intro: "One verdict per part of the profile.",
				Steps: []string{
					"Open **Profile review** in the case and compare what was sent with what it says of the company.",
					"Choose a verdict and write a remark where it is not met, then choose **Save the verdicts**.",
				}},
			{ID: "profiles", Title: "Security profiles", Intro: "[Security profiles](/desk/profiles) wait in lists of their own. An application's profile goes with its case: claim one and you have both.",
				Steps: []string{
					"Open **Not assigned**, choose **Claim** beside a profile and open it.",
					"Choose **Start the review**. Narrow the criteria: musts, what has changed, what has no evidence, what is not reviewed.",
				},
				Points: []string{
					"You see what the company submitted, not what it is typing now.",
					"Several colleagues of the office can give verdicts on one profile. Nobody overwrites another's: you see both and choose.",
				}},
			{ID: "criterion", Title: "A verdict on each criterion", Intro: "The page of a criterion has the answers with what has changed, the evidence, the thread and your verdict.",
				Steps: []string{
					"Read the answers. Choose **Since the last accepted profile** or **Since you returned it** to see what has changed, word by word.",
					"Choose a verdict, write a remark where it needs one, and choose **Save and next**.",
					"Write under **Notes and messages**: an internal note, or a draft for the company.",
				},
				Points: []string{
					"Verdicts, remarks and drafts stay private until you send the profile back or accept it.",
					"A verdict that was **Given on an earlier version** does not count any more: the company has changed the criterion since.",
				}},
			{ID: "send", Title: "Send back or accept", Intro: "One send tells the company everything at once.",
				Steps: []string{
					"Open **Send back**. The criteria that ask for an answer are chosen already. Write a message and choose **Send back to the company**. Only these criteria open, and the signature becomes void.",
					"When the company has submitted again, the list shows **Changed since you returned it**.",
					"When every criterion is met, open **Accept** and choose **Accept the profile**. A case can be recommended for certification after that.",
				}},
			{ID: "vetting", Title: "Vetting", Intro: "One check per number, officer and site, in the systems of your authority.",
				Steps: []string{"Open **Vetting**, choose an outcome and note what you found.", "Choose **Save the outcomes**. A concern needs a note."}},
			{ID: "request", Title: "Request for information", Intro: "Ask for everything at once: a second request costs the company another round.",
				Steps: []string{"Open **Request information** and tick the parts that you ask about. Only these open for the company.", "Write a question for each and choose **Send the request**. The agency's period pauses until the answer comes."}},
			{ID: "notes", Title: "Notes, messages and hours", Intro: "What the company sees and what it never sees are two pages.",
				Points: []string{
					"**Notes** are internal. **Messages** go to the company.",
					"Log your time with **Log this time**: the law asks for the hours of certification, validation and revalidation (6 U.S.C. 971).",
				}},
			{ID: "clocks", Title: "Periods and pauses", Intro: "The case shows each period with its sum.",
				Points: []string{"Pause a period only with a reason that the programme's rules name. The reason and your name stand beside it.", "Nobody can type a date over. If it is wrong, an event before it is wrong."},
				Clocks: AgencyClocks},
			{ID: "recommend", Title: "Recommend", Intro: "You recommend, another person decides.",
				Steps: []string{"Open **Decision**. The page says what is still missing.", "Choose to certify or to reject. A rejection needs its points, each with a reason.", "Choose **Recommend**. Until the decision you can take it back."}},
			{ID: "calendar", Title: "The calendar and your days", Intro: "The [calendar](/desk/calendar) shows visits, leave and training of the officers: as a month, as an agenda, or officer by officer.",
				Steps: []string{
					"Choose the office, an officer or a programme. The address of the page keeps what you chose, so you can send it to a colleague.",
					"Open [Officers](/desk/officers), choose yourself and enter leave or training under **Enter leave or training**.",
				},
				Points: []string{
					"Where a visit stands, nothing else can be entered: move the visit first. Travel before and after a visit counts as busy.",
					"A visit stands on its days at the site. Where your clock shows another time, both are there.",
				}},
			{ID: "validations", Title: "Validations and visits", Intro: "[Validations](/desk/validations) lists what is to book, what waits for a company and what is overdue.",
				Steps: []string{
					"Open a validation from the plan, from a membership or from the case of an application. It begins with the visits that the programme usually makes.",
					"Check the places, choose **Choose the team** for each, then **Notify the company**. The company's notice begins with that day.",
					"Choose **Find times to offer**. The page lists times at which the team and the site can, and says of every other day why not.",
					"When the company has answered, choose **Confirm** beside a time. The team is booked and both sides are invited, or nothing happens and the page says who is not free.",
					"On the day choose **The visit begins**, and afterwards **The visit is over**. After the last visit the time for the report begins.",
				},
				Points: []string{
					"A time that the company refused cannot be confirmed, and a company that does not answer is a task for you and never a booking.",
					"**Move it** is for a time that was agreed outside the portal. It asks for the reason and for who agreed.",
				}},
			{ID: "changes", Title: "Change notices", Intro: "Companies tell of changes with the day from which they hold.",
				Steps: []string{"Open [Change notices](/desk/changes) and read what is to change, field by field.", "Choose **Accept the changes**, or return the notice with a reason. Accepted changes take effect on their day by themselves."}},
			fieldPart(), findingPart(), enforcementPart(), reportPart(), changingPart(), claimsDeskPart(),
		}}
}

func deciders() Guide {
	return Guide{Slug: "supervisors", Title: "Decide, assign and look back",
		For: "For supervisors, headquarters and auditors.",
		Parts: []Part{
			{ID: "approve", Title: "Decide on a recommendation", Intro: "The one who recommends never decides.",
				Steps: []string{
					"Open **For my approval** on the [desk](/desk), then the case.",
					"Read the recommendation and its reasons on the page **Decision**.",
					"Certify the company or approve the rejection. Or return it with what is missing: the case goes back to the specialist.",
				},
				Points: []string{"Certifying makes the membership, its certificate, the letter and the entry in the audit trail at once, or none of them."}},
			{ID: "checks", Title: "Look back at checks by partner agencies", Intro: "[Checks by partners](/desk/checks) are for headquarters and auditors.",
				Points: []string{"Every check is there with who asked, for what and what was answered. It cannot be changed.", "On top stand officers who checked one company ten times or more within 30 days, or twenty times without a reference."}},
			{ID: "assign", Title: "Assign cases", Intro: "Several cases at once.",
				Steps:  []string{"Tick the cases in a list of the [desk](/desk).", "Choose a person and choose **Assign**. The list says for each case whether it worked."},
				Points: []string{"You can take over a case from whoever holds its soft lock. That is on record."}},
			{ID: "officers", Title: "Officers and capacity", Intro: "[Officers](/desk/officers) are the people who go on visits. [Capacity](/desk/calendar/capacity) shows what they can do beside what is due.",
				Steps: []string{
					"Choose **Register an officer** and a person of your office. Enter the languages, the kinds of member and how much the officer does in a month.",
					"Look at **Capacity**: where days are missing, choose **What if there were** to see what one more officer would change.",
				},
				Points: []string{
					"The list says for each officer whether the portal offers them for a visit now, and if not, why.",
					"Nobody changes their own record but for leave and training.",
				}},
			{ID: "plan", Title: "The yearly plan", Intro: "The [plan](/desk/plan) chooses whom to validate: it proposes by scores, and you decide.",
				Steps: []string{
					"Choose a programme and a year, then **Make a plan**. Every member is scored at once.",
					"Open a member to read **Why this score**: each factor with what the portal knows, its points and its weight.",
					"Tick members, or decide on one by one: chosen with a quarter, later, or not this year. Enter the reason and choose **Decide**.",
					"When every proposal is decided on, headquarters chooses **Adopt the plan**. Whoever made it cannot adopt it.",
					"Open a chosen member and choose **Open the validation**.",
				},
				Points: []string{
					"Whoever is due by law within the year is proposed whatever the score, and a few are drawn by lot.",
					"[Members by their day](/desk/plan/due) lists every member, so that nobody is overlooked. Those without a day come first.",
				}},
			{ID: "places", Title: "The map and journeys", Intro: "The [map](/desk/visits/map) shows visits that are being arranged and members whose day comes.",
				Steps: []string{
					"Tick places and choose **Plan a journey to the chosen places**.",
					"[Journeys](/desk/visits/trip) puts the stops in a short order, with travel by distance and what to know about the countries. It books nothing.",
				}},
			{ID: "overdue", Title: "What is late", Intro: "**Overdue** lists the cases in which a day of the agency has passed. Paused periods and days of the company are not in it."},
			{ID: "company", Title: "Everything about a company", Intro: "The page of a company has its profile, cases, memberships, change notices and one timeline."},
			{ID: "audit", Title: "The audit trail", Intro: "The [audit trail](/audit) has every change and every look at confidential data: who, in which role, what, before and after, why.",
				Steps:  []string{"Narrow it by person, company, kind of record, day or reference.", "Choose the export to take the chosen events along as a CSV file. The export itself is an event."},
				Points: []string{"Nothing in it can be changed or deleted, by nobody.", "Auditors and headquarters see everything, supervisors their offices, administrators sign-in, people and offices."}},
			failuresPart(), appealsPart(),
		}}
}

func administrators() Guide {
	return Guide{Slug: "administrators", Title: "Run the installation",
		For: "For administrators.",
		Parts: []Part{
			{ID: "people", Title: "People of the agency", Intro: "Administrators invite staff and end their access. They see no cases.",
				Steps:  []string{"Open [People](/admin/people) and choose **Invite a person**.", "Choose a role and an office and choose **Send invitation**. An auditor's access has an end date, at most a year ahead."},
				Points: []string{"Nobody changes their own role, and the last administrator stays."}},
			{ID: "offices", Title: "Offices", Intro: "[Offices](/admin/offices) form a tree. A supervisor sees the offices below their own.",
				Steps: []string{"Choose **Open an office** and enter its name, its time zone and its business calendar.", "The time zone decides when a day is over; the calendar decides what a working day is."}},
			{ID: "agencies", Title: "Partner agencies", Intro: "[Partner agencies](/admin/agencies) have their own way to sign in.",
				Steps: []string{"Choose **Add an agency**.", "Invite an administrator of the agency. That person invites the officers."}},
			{ID: "providers", Title: "Sign-in", Intro: "Sign-in providers are configured in a file, one per audience: companies, staff, and each partner agency. The name of the setting is PORTAL_PROVIDERS.",
				Points: []string{"For each provider you can ask for a level of assurance (acr) and for ways of proof (amr). A sign-in below it is refused with the reason."}},
			{ID: "catalogues", Title: "Catalogues", Intro: "[Catalogues](/admin/catalogues) show what each programme asks, edition by edition, and what changed since the edition before.",
				Points: []string{"A published edition never changes. A security profile keeps the edition under which it was begun.", "An edition can be saved in the form of OSCAL, for other programmes and their tools. The audit trail notes it."}},
			{ID: "health", Title: "Health", Intro: "[Health of the portal](/admin/health) looks at the database, the sign-in providers, e-mail, storage, the clock and the jobs, and says what to do about what is not well. The command portal doctor prints the same."},
		}}
}

func partners() Guide {
	return Guide{Slug: "partner-agencies", Title: "Partner customs agencies",
		For: "For officers of customs agencies with a mutual recognition arrangement, and of other agencies of the government.",
		Parts: []Part{
			{ID: "signin", Title: "Who may sign in", Intro: "Your agency has its own way to sign in. Its administrator invites the officers.",
				Steps:  []string{"The administrator opens [People](/agency/people) and chooses **Invite a person**.", "The officer signs in with the invited address and accepts."},
				Points: []string{"A change of role takes effect at once. What your agency's people do is in the audit trail."}},
			{ID: "home", Title: "Your page", Intro: "[Home](/agency) names your agency and your role."},
			{ID: "check", Title: "Check a member", Intro: "Ask by any number of a member or by its name. The answer has three parts: whether the check worked, what the membership is, and what to make of it.",
				Steps: []string{
					"Open [Check a member](/agency/checks). Enter the number or the name, choose what it is for, and enter your own reference.",
					"After a name you see up to five candidates with masked names. **Choose** one: that is a check of its own.",
					"Each answer has a number and a page of its own. Print it, or choose **Download signed JSON**.",
				},
				Points: []string{
					"Every check is recorded before you see the answer. Headquarters sees who asked for what.",
					"No record means that nobody has this number, or that we may not tell you. It says nothing against a company.",
					"If we cannot tell at the moment, nothing was looked up. Ask again.",
					"[Checks of your agency](/agency/checks/history) has all that your agency asked.",
				}},
			{ID: "lists", Title: "Check a whole list", Intro: "Up to 100,000 numbers go in one file, as CSV or XLSX.",
				Steps: []string{
					"Open [Check a whole list](/agency/checks/bulk), choose the file and **Check the list**.",
					"The page of the list shows how far it is. You can leave it and come back.",
					"Choose **Answers as CSV** or **Answers as Excel workbook**. The rows come in your order.",
				},
				Points: []string{
					"The first row names the columns. The column identifier must be there, scheme and reference may.",
					"Rows that cannot be read come alone under **Only rows without an answer**. Correct them and bring that file.",
					"The manifest is signed. It has the count of rows and the SHA-256 of the CSV.",
				}},
			{ID: "verify", Title: "Verify a check", Intro: "[Verify a check](/checks/verify) is open to everybody who has the number of a check and the identifier that was asked for.",
				Points: []string{"Both must be right. The page does not say which one is wrong."}},
			recognizePart(), noticesPart(), claimsAgencyPart(), operatorsPart(), feedsPart("/agency/feeds"),
			{ID: "programs", Title: "Programs of your agency", Intro: "Programs ask the portal by themselves: checks, events, daily files and reports. The administrator of your agency registers them. [How programs talk to the portal](/api/docs) describes each request.",
				Steps: []string{
					"Open [Programs](/agency/api), enter a name and choose **Register a program**.",
					"Enter its public key and choose **Add the key**. The private key never leaves your agency.",
					"Choose what it may do under each arrangement, then choose **Save what it may do**.",
					"To be told of events, enter an address and choose **Add a webhook**. Copy the secret: it is shown once.",
				},
				Points: []string{
					"To change a key, add the new one, let the program use it, then choose **Retire** at the old one. Its tokens end at once.",
					"A message that your address does not take is sent again after 5 seconds, 30 seconds, 5 minutes, 30 minutes, 2 hours, 6 hours and 24 hours. Then it is given up, and **Send again** begins anew.",
					"A webhook says nothing of a member. The events are the truth, and programs read them.",
				}},
			{ID: "find", Title: "Find a member, as another agency of the government", Intro: "An agency of the same government sees members that agreed to it.",
				Steps:  []string{"Open [Find a member](/agency/members) and enter the whole number of a membership or of a company.", "Say why you look, then choose **Look**. The member reads your reason."},
				Points: []string{"You see the name, and the number, kind and status of each membership at that moment.", "If a member has not agreed, the answer is the same as for a number that does not exist. Each look is written down."}},
		}}
}

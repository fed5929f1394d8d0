package help

// living is the guide of a membership between its beginning and its end.
func living() Guide {
	return Guide{Slug: "membership", Title: "Your membership over the years",
		For: "For companies: look up its history, add a module, say who may see you, leave or change.",
		Parts: []Part{
			{ID: "history", Title: "Look up what it was on a day", Intro: "The history in law says what a membership was on each day, and what the portal said about that day at the time.",
				Steps: []string{
					"Open the membership from [Home](/company) and choose **History in law**.",
					"Under **Look up a day** enter the day. To see what the portal knew back then, also enter a day under **As known at the end of**.",
					"Choose **Look up**.",
				},
				Points: []string{
					"If the two answers differ, both are shown. This happens when a decision was overturned or came late.",
					"Nothing is ever taken off the list of events. Each one has its day, its reason and its law.",
					"**Show the certificate** prints what holds today. A printed copy can be out of date.",
				}},
			{ID: "benefits", Title: "What you are entitled to", Intro: "The list of benefits says what your membership brings today, since when, and by which law. It also says what another tier would bring.",
				Steps: []string{
					"Open the membership from [Home](/company). Under **What it brings** choose **Since when, and what would bring more**.",
				},
				Points: []string{
					"A benefit that a decision denied says so, with the day. All others stay.",
					"During a suspension no benefit is in effect, also not at partners abroad.",
					"Where no published source names your kind of member, the list says that it comes from practice.",
				}},
			{ID: "certificate", Title: "The certificate and its code", Intro: "The certificate carries a code that anybody can read with a telephone. The page that opens says whether it is still good.",
				Steps: []string{
					"Open the membership from [Home](/company) and choose **Show the certificate**. Print it, and show it to whoever asks.",
					"For a digital wallet open **Take it along in a digital wallet** and choose **Download the credential**. An owner or a signatory can do this.",
				},
				Points: []string{
					"A suspension or an end shows within minutes. When the portal cannot tell, it says so, and never that the certificate is valid.",
					"When your name or your tier changes, the certificate gets a new code and the old one is no longer valid.",
				}},
			modulePart(), appealPart(), leavingPart(), consentPart(), recognitionPart(),
		}}
}

// modulePart is how a member adds a module, such as Trade Compliance.
func modulePart() Part {
	return Part{ID: "module", Title: "Add Trade Compliance", Intro: "Some programmes build on a membership that you have. Trade Compliance is one for CTPAT importers in Tier 2 or Tier 3 and in good standing.",
		Steps: []string{
			"Open the membership from [Home](/company). **What you can add to it** says whether you can apply, and if not, why.",
			"Follow the link there, choose **Open the application** and answer the eligibility questions. Each one must be a yes. One asks for two years of importing, one for debts to CBP.",
			"Open **Numbers that take part** and choose which of your importer numbers count. Only entries under these numbers bring benefits.",
			"Fill in the questionnaire, with evidence for each of the six points on forced labor. Give the web address of your code of conduct.",
			"An officer signs the memorandum of understanding. Then submit, as for any programme.",
		},
		Points: []string{
			"When you are a member, an owner or a signatory can change the choice: **Change which numbers take part** on the page of the membership. A new number first goes into the account by a change notice.",
			"Once a year you send the Annual Notification Letter. It is the yearly review of the questionnaire: what has changed, what your own test found, and that you still meet each point.",
			"When the CTPAT membership is suspended or drops below Tier 2, Trade Compliance is suspended with it. It comes back by itself when the reason is gone.",
			"When the CTPAT membership ends, Trade Compliance ends on the same day.",
		}, Rules: []string{"ctpat-tc/annual_review_opens", "ctpat-tc/annual_review_due"}}
}

// appealPart is how a company has a decision looked at again.
func appealPart() Part {
	return Part{ID: "appeal", Title: "Appeal against a decision", Intro: "Somebody who had no part in the decision looks at it again. An owner or a signatory appeals.",
		Steps: []string{
			"Open the case from [Incidents](/incidents) and choose **Appeal against the decision**. The page names the last day and its law.",
			"Write which facts are wrong or missing and what shows it. Say what should be done instead.",
			"Tick the statement and choose **File the appeal**.",
			"If you learn more, choose **Add something to the appeal** on its page.",
		},
		Points: []string{
			"The decision holds until the appeal is decided, unless we tell you otherwise.",
			"If it is overturned, it counts as if it had never been made. The history in law still shows what was said in between.",
			"You can take the appeal back. Until the last day you can file another one.",
			"Your name is not published while you can still appeal or an appeal is open.",
		}, Rules: []string{"appeal_filing", "appeal_filing_false_information", "appeal_decision"}}
}

// leavingPart is how a company leaves a programme or changes.
func leavingPart() Part {
	return Part{ID: "leave", Title: "Leave, merge, split, sell, or become another kind of member", Intro: "Each is a case with the first day on which it counts. You see what follows before you send it.",
		Steps: []string{
			"Open the membership from [Home](/company) and choose **Leave or change**. Then choose what happens.",
			"Enter the first day, the reason, and proof from your library. Choose **Save and see what follows**.",
			"Read **What follows**. An owner or a signatory chooses **Send it: I have read what follows**.",
		},
		Points: []string{
			"Leaving needs no yes from us, unless a case against the membership is open. Its day is today or later. The other kinds are looked at and decided by two people.",
			"Until the day comes, you can choose **Call it off**.",
			"A membership cannot be sold. A new company applies for its own, and has no benefits before that is decided.",
			"Two memberships of one programme can share one security profile. Choose it in the same place. From its day on there is one yearly review for both, and you can take them apart again.",
			"When you change the kind of member, the old membership goes on until the new one begins. There is no gap.",
			"What you did as a member stays readable. If you leave while a suspension is not answered, you wait before you can apply again. A removal or a revocation can have such a wait too.",
		}, Rules: []string{"reapplication_bar"}}
}

// consentPart is how a company lets other agencies see it.
func consentPart() Part {
	return Part{ID: "consent", Title: "Say which other agencies may see you", Intro: "Other agencies of the government see that you are a member only when you agree, agency by agency.",
		Steps: []string{
			"Open [Who may see us](/company/consents). It shows what an agency would see.",
			"An owner or a signatory chooses **Agree** beside an agency. **Take it back** ends it at once.",
		},
		Points: []string{
			"An agency sees your name, and the number, kind and status of each membership. It sees nothing of your profile, visits or findings.",
			"**Who has looked** lists each look with its reason, also those that showed nothing.",
		}}
}

// changingPart is how the agency decides on members that leave or change.
func changingPart() Part {
	return Part{ID: "leaving", Title: "Members that leave or change", Intro: "[Leaving and changing](/desk/successions) lists withdrawals, mergers, splits, sales and changes of the kind of member.",
		Steps: []string{
			"Open a case and choose **Take up the case**. Look at the proof and at the open records of the membership.",
			"For each open record choose **Carry over** or **Close**. If something is missing, use **Send it back to the company**.",
			"Choose **Propose a decision**. A supervisor other than you decides.",
			"When a new company has applied, use **Link the application of the new company**.",
		},
		Points: []string{
			"A withdrawal waits for a decision only when something stands in its way, such as an open case of enforcement.",
			"On its day the case takes effect by itself. The number of the old membership stays findable and leads to the next.",
			"An acceptance can be called off by the company until its day. After that the history in law does not change.",
		}, Rules: []string{"reapplication_bar"}}
}

// appealsPart is how an officer decides an appeal.
func appealsPart() Part {
	return Part{ID: "appeals", Title: "Decide appeals", Intro: "[Appeals](/desk/appeals) are decided by an appeal officer or headquarters. Whoever had a part in the case cannot.",
		Steps: []string{
			"Open an appeal and choose **Take it in hand**.",
			"Read what the company says, the reasons of the decision, and the case. Notes that you add stay inside the agency.",
			"Choose what the appeal leads to, write the reasons for the company and choose **Decide the appeal**.",
		},
		Points: []string{
			"**The decision stands**: nothing changes.",
			"**The decision is overturned**: it counts as if it had never been made, from its first day on.",
			"**The measure ends now**: it was right, and ends today. This is for a suspension or a limit of benefits.",
		}, Rules: []string{"appeal_filing", "appeal_filing_false_information", "appeal_decision"}}
}

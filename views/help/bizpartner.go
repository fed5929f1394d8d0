package help

// suppliers is the guide of a member's business partners.
func suppliers() Guide {
	return Guide{Slug: "business-partners", Title: "Business partners in your supply chain",
		For: "For members: keep the list, ask partners about their security, see the status of members, and prove your own. For partners that got a link: how to answer.",
		Parts: []Part{
			{ID: "list", Title: "Keep the list", Intro: "The list has the companies that make, store, move or broker your goods. Criteria 3.1 to 3.9 of CTPAT ask for it.",
				Steps: []string{
					"Open [Business partners](/partners) and choose **Add a partner**. Say what it does for you and how high the risk is.",
					"For many at once choose **Bring a list**. Choose a CSV or XLSX file and **Read the list**. You see what would change before anything does.",
					"When you no longer work with a partner, choose **End this partner** on its page.",
				},
				Points: []string{
					"The risk sets the next assessment: after one year if it is high, two if it is medium, three if it is low.",
					"A file has up to 5,000 rows and 4 MB. A row with a reference that is on your list changes that partner. Empty cells leave what is there.",
					"What you know of a partner that has ended is kept.",
				}},
			{ID: "ask", Title: "Send a questionnaire", Intro: "A partner without an account gets one e-mail with a link of its own, in its own language.",
				Steps: []string{
					"Open the partner and choose **Send a questionnaire**. Check the e-mail address: whoever reads that mailbox can answer.",
					"When the answers are in, look at the points. Use **Send back** for single answers that you do not understand.",
					"Under **Add a corrective action** note what the partner must mend and by when. Choose **It is done** when you have seen it.",
					"Choose **Accept the answers**. The partner counts as assessed from that day.",
				},
				Points: []string{
					"The partner has 30 days, or until the day that you enter. Reminders go out by themselves. If the mail was lost, choose **Send a new link**: the old one ends at once.",
					"If the partner has answered the same questions for another importer, it can let you have those answers. It decides, and can take that back.",
					"**Keep as evidence** puts a file of the result into your library and attaches it to criteria of your profile.",
				}},
			{ID: "connect", Title: "See the status of partners that are members", Intro: "Two members that both agree see each other's name, kind, status and since when. Nothing more.",
				Steps: []string{
					"Open [Connected members](/partners/connections). An owner or a signatory chooses **Agree to show our status to connected members**, once for the company.",
					"Enter the exact membership number, say why you ask, and choose **Ask**.",
					"If you are asked, open the connection and choose **Accept** or **Refuse**. Who is refused does not learn of it.",
				},
				Points: []string{
					"We tell you when the status of a connected member changes, also when it leaves.",
					"**End the connection** ends one, **Take the consent back** ends all of them at once.",
				}},
			{ID: "verify", Title: "Prove your own membership", Intro: "Give a link instead of a number, which anybody could copy.",
				Steps: []string{
					"Open [Verification links](/partners/links). An owner or a signatory enters whom it is for and for how many days, from 1 to 90.",
					"Choose **Make a link** and copy it at once: it is shown this once.",
				},
				Points: []string{
					"Whoever has the link sees your name, the program, the kind of member, and the status and tier at that moment.",
					"The list says how often it was opened. Choose **Switch off** when it may be in other hands.",
				}},
			{ID: "answer", Title: "If you got a questionnaire by e-mail", Intro: "You need no account. The link is the key: whoever has it can answer for your company, so do not pass it on outside.",
				Steps: []string{
					"Open the link. Choose your language at the top of the page.",
					"Answer section by section and save. You can stop and come back with the same link. Two people can work on it.",
					"At the end read your answers, enter your name and send them.",
				},
				Points: []string{
					"Only the importer that asked reads the answers. If you used them before, you can allow it to have the same ones.",
					"Yes, partly and no are all useful answers. Write in the note what you do.",
					"If you do not want to answer, you can refuse on the page and say why.",
				}},
			{ID: "check", Title: "If you got a link that proves a membership", Intro: "The page shows what holds at the moment you open it. Open the link again rather than keep a copy.",
				Points: []string{
					"Look at the address: it must be the address of this portal. A picture or a printed page proves nothing.",
					"A link that has expired or was switched off shows nothing. Ask the company for a new one.",
				}},
		}}
}

package help

// recognitionPart is how a company is recognized abroad.
func recognitionPart() Part {
	return Part{ID: "recognition", Title: "Be recognized abroad", Intro: "[Recognition abroad](/recognition) lists the partners of your programme, where you stand with each, and how often each has checked you.",
		Steps: []string{
			"Open a partner. The page says whether you can ask, and if not, why.",
			"An owner or a signatory reads the text, chooses **We consent** and then **Ask for recognition**. From then on the partner sees the data that the text names.",
			"Enter your numbers for this partner under **Add a number**. A code that stands for a place needs its site or address.",
			"Print **Open the sheet to give to your trading partner** and give it to whoever imports your goods there.",
		},
		Points: []string{
			"In the European programme consent is general: one for all partner countries. In CTPAT it is for one partner at a time.",
			"**Withdraw the consent** ends the recognition at once, and the partner sees nothing of you any more.",
			"When your membership is suspended, recognition stops with it. When it ends, recognition ends.",
			"The portal warns when a number does not fit your name or the address of its site. Some partners match on them.",
		}}
}

// arrangementsPart is how headquarters keeps the register of arrangements.
func arrangementsPart() Part {
	return Part{ID: "arrangements", Title: "Arrangements of mutual recognition", Intro: "[Arrangements](/desk/arrangements) is the register: what was published of each arrangement, our rules for it, and what happened to it.",
		Steps: []string{
			"Open an arrangement. Under **Record a phase, the signature or the start** write what happened and where it stands.",
			"Under **Tie an agency to it** choose the partner. Members can ask for recognition only then.",
			"To suspend, resume or end it, use **Propose to suspend, resume or end it**. Another person of headquarters chooses **Approve the step**.",
		},
		Points: []string{
			"Nothing is deleted. **Take it back** lets a wrong entry fall, and it stays readable.",
			"**How fast partners are told** shows how long suspensions and ends took to leave and to be acknowledged. After a day without an acknowledgement headquarters gets an e-mail, and [Late acknowledgements](/desk/arrangements/late) lists it with its partner.",
			"When a whole arrangement is suspended, resumed or ended, every member under it gets a letter, and the partner an e-mail and a notice for each member.",
		}}
}

// recognizePart is how a partner agency answers members.
func recognizePart() Part {
	return Part{ID: "recognize", Title: "Recognize members", Intro: "[Members to recognize](/agency/recognition) lists members that consented to your agency and ask for recognition.",
		Steps: []string{
			"Open a member and choose **Take it up**.",
			"Match the member by its numbers. Then choose **Recognize the member**, or **Do not recognize the member** with the reason.",
		},
		Points: []string{"The company reads your answer at once. You can change it.", "When a member withdraws its consent, you see nothing of it any more."}}
}

// noticesPart is how a partner agency hears of members.
func noticesPart() Part {
	return Part{ID: "notices", Title: "Suspensions and ends", Intro: "[Notices](/agency/notices) says what happened to members that your agency sees. A notice leaves within a minute of taking effect.",
		Steps:  []string{"Stop or resume the benefits. Then choose **Acknowledge**."},
		Points: []string{"When a whole arrangement is suspended, resumed or ended, the page says so, and **Acknowledge all of them** answers the notices of all members at once."}}
}

// operatorsPart is how a partner agency confirms its own traders.
func operatorsPart() Part {
	return Part{ID: "operators", Title: "Traders of your country that ask to be recognized here", Intro: "A trusted trader applies on [a public page](/operators/apply) with its number. Your agency says whether that is so.",
		Steps: []string{
			"Open [Foreign operators](/agency/operators) and compare the number with your register.",
			"Choose **Confirm its status** or **Do not confirm it**.",
			"When something changes at home, say so at once: **Its status is suspended**, **Its status counts again** or **Its status has ended**.",
		},
		Points: []string{"Recognition stops at once. Members that have the trader among their business partners are told.", "The applicant keeps the address of its page, which shows where it stands."}}
}

// feedsPart is how lists of a partner's traders come in; home is the page where they are.
func feedsPart(home string) Part {
	return Part{ID: "feeds", Title: "Lists of foreign operators", Intro: "A partner brings the list of its trusted traders as CSV or XLSX, or a program brings it. [Lists of foreign operators](" + home + ") has a line for each programme.",
		Steps: []string{
			"Open a programme. Under **Bring a list** say whether the file is a full list or only what has changed, and of which day it speaks. Choose the file and **Read the list**.",
			"If the portal does not know the headings, say under **Columns of the file** what they are. It knows them the next time.",
			"Read **What it changes**: who is missing, has ended, is suspended, has changed or is new. Wrong rows come under **Wrong rows as CSV**.",
			"Another person of your side chooses **Take the list over**, or **Refuse the list** with the reason. Who brought it cannot.",
		},
		Points: []string{
			"When more operators would no longer count than the rules allow, the second person ticks a box that names the number.",
			"Operators whose row is wrong stay as they are. A list of an earlier day than the last one cannot be taken over.",
			"Recognition stops at once. Members that have a trader among their business partners are told, and the partner becomes a task of theirs.",
			"A channel is marked stale when its last list is older than agreed. Then the portal answers that a person looks at the case, with the reason STALE.",
		}}
}

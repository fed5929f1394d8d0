package help

// casePeriods are the clocks of cases of enforcement.
var casePeriods = []string{"enforcement_answer", "hearing_enforcement", "suspension_answer", "suspension_facts", "suspension_cure", "suspension_verification", "plan_item"}

// incidentPart is how a company reports what happened, and answers a case.
func incidentPart() Part {
	return Part{ID: "incidents", Title: "Report an incident and answer a case", Intro: "Tell us at once when something happens in your supply chain. A report that comes before we hear of it elsewhere counts for your company.",
		Steps: []string{
			"Open [incidents and cases](/incidents) and choose **Report an incident**.",
			"Say what happened, where and when. If you do not know the day, enter the first and the last day on which it may have happened.",
			"Choose **Send the report**. Add what you learn later on the page of the incident.",
			"On the page of an incident, a case or an appeal choose **Show documents from your library** to show a file with it. We keep it in the version of that day, also when you remove it from your library.",
			"When you get a notice, open the case, read what we intend and choose **Send the answer** before the last day.",
		},
		Points: []string{
			"While your membership is suspended you answer the suspension, write a corrective action plan and, where it is asked for, sign your consent to visits without notice. The same holds when only some benefits are denied.",
			"Once your plan is accepted, each item runs until its day. We remind you before it, and tell you when it has passed. Choose **Say that it is done** on the item, and its days stop to count.",
			"When two cases suspend your membership, each waits for an answer of its own.",
			"A suspension does not end by itself. We verify each item of your plan, and a second person decides on the end.",
		}, Rules: casePeriods}
}

// enforcementPart is how the agency registers incidents and works on cases.
func enforcementPart() Part {
	return Part{ID: "enforcement", Title: "Register incidents and work on cases", Intro: "The register holds each incident once. A case is about one membership, and the company sees it from the notice on.",
		Steps: []string{
			"Open a membership and choose **Register an incident**. If others may be the same, look at them and say why yours is another one.",
			"Choose **Look into it** on [the incident](/desk/incidents). Close it, merge it, or open a case about it.",
			"In [the case](/desk/enforcement) choose **Propose a measure** and fill in the weighing sheet. If you propose something else than it leads to, say why.",
			"Choose **Send the notice**. When the company has answered or its time is over, a second person decides.",
			"While a suspension lasts, accept the plan or send it back, and verify its items. Then propose the end.",
		},
		Points: []string{
			"Nobody decides on what they proposed. A supervisor or headquarters does.",
			"In an emergency a supervisor suspends at once; a second person confirms it within the programme's days, or lifts it and says why. One that was wrong counts as if it had never been.",
			"Time that runs out decides nothing. It makes a task, and the case stands in the queue **Overdue**.",
		}, Rules: casePeriods}
}

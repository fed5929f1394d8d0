package help

// claimPart is how a member says that a benefit was not given.
func claimPart() Part {
	return Part{ID: "claims", Title: "A benefit was not given", Intro: "Tell us when you did not get what your membership brings. We find out why and answer.",
		Steps: []string{
			"Open the membership from [Home](/company), then its benefits, and choose **This benefit was not given**.",
			"Choose the benefit, the day and the place. Give entry numbers, and say what happened.",
			"Choose **Make the claim**. On its page choose **Show documents from your library** to show a file with it.",
		},
		Points: []string{
			"A claim is taken only for days on which you had the benefit. If you had it not, we say what applied on that day.",
			"About a benefit abroad we can ask the partner. It gets none of your figures and none of your files.",
			"After the answer you may **Ask again** once, if you have new facts.",
			"[Claims about benefits](/benefits/claims) lists your claims and what came of them.",
		}, Rules: []string{"claim_answer"}}
}

// claimsDeskPart is how an officer answers a claim.
func claimsDeskPart() Part {
	return Part{ID: "claims", Title: "Answer claims about benefits", Intro: "[Claims about benefits](/desk/claims) come from members who did not get what their membership brings.",
		Steps: []string{
			"Open a claim and choose **Take it in hand**.",
			"If the benefit is given abroad, write your question and choose **Ask the partner**. The time for the answer stands still meanwhile.",
			"Choose what came of it, write what you found and what was done, and choose **Send the answer**.",
		},
		Points: []string{
			"The partner never sees files or figures of the member. What the member says it sees only if you send it.",
			"If the partner does not answer, choose **Take the question back** and answer without it.",
		}, Rules: []string{"claim_answer"}}
}

// claimNumbersPart is what headquarters sees of claims.
func claimNumbersPart() Part {
	return Part{ID: "claims", Title: "What claims came to", Intro: "[What claims came to](/desk/claims/numbers) counts claims by year, benefit and outcome.",
		Points: []string{"**Not given** counts failures that the agency has confirmed. **Not owed** counts claims to which there was no right."}}
}

// gapsPart is how headquarters looks for benefits that members do not see.
func gapsPart() Part {
	return Part{ID: "gaps", Title: "Benefits that members do not see", Intro: "[This list](/desk/claims/gaps) shows to which benefits members are entitled, and whether their own reports show them.",
		Steps: []string{
			"The portal counts each month by itself, within an hour after it is over. Who does not want to wait chooses **Count this month**.",
			"Open a row, say how far it is and who looks after it, write what is known, and choose **Save**.",
		},
		Points: []string{
			"Reports are the companies' own. You see groups of at least five that reported, in bands of five. Fewer than five is not told apart from none.",
			"A month is counted once. So nobody can find out about one company by counting before and after it joins.",
			"What is **Explained** or **Mended** says how. It can be looked into again.",
		}}
}

// claimsAgencyPart is how a partner answers what it is asked.
func claimsAgencyPart() Part {
	return Part{ID: "claims", Title: "Questions about benefits", Intro: "[Questions about benefits](/agency/claims) are about members of ours who say that your administration did not give a benefit.",
		Steps:  []string{"Open a question, choose what you found, write what was done, and choose **Send the answer**."},
		Points: []string{"The member reads your answer.", "You see only what you are asked, and the name of the member while it takes part."}}
}

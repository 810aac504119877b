run "knows_releases" {
  flow  = prompt.answer
  input = { question = "What is a release?" }

  assert {
    condition     = strcontains(output, "numbered set")
    error_message = "The answer does not say what a release is."
  }
}

run "refuses_no_question" {
  flow         = prompt.answer
  input        = {}
  expect_error = "run/invalid-input"
}

# Fits two mixed models by REML with lme4's defaults; prints a line of JSON each: the seconds a fit takes and the log likelihood reached.
# Usage: Rscript mixed.R CROSSED.csv SLEEPSTUDY.csv
suppressMessages(library(lme4))
files <- commandArgs(trailingOnly = TRUE)
report <- function(kind, times, fit) {
  time <- system.time(for (i in seq_len(times)) model <- fit())[["elapsed"]]
  cat(sprintf('{"kind": "%s", "seconds": %.17g, "loglik": %.17g}\n', kind, time / times, as.numeric(logLik(model))))
}
crossed <- read.csv(files[1]); crossed$first <- factor(crossed$first); crossed$second <- factor(crossed$second)
sleep <- read.csv(files[2])
report("crossed", 1, function() lmer(y ~ x + (1 | first) + (1 | second), crossed))
report("sleepstudy", 20, function() lmer(Reaction ~ Days + (Days | Subject), sleep))

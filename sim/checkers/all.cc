#include "sim/checkers/all.h"

#include "sim/checkers/answers.h"
#include "sim/checkers/cause.h"
#include "sim/checkers/completeness.h"
#include "sim/checkers/content.h"
#include "sim/checkers/no_responders.h"
#include "sim/checkers/order.h"
#include "sim/checkers/queue_once.h"
#include "sim/checkers/unsubscribe.h"

namespace dunlin::sim {

void AddAllCheckers(History& history, Drops drops) {
  history.AddChecker(MakeContentChecker(history));
  history.AddChecker(MakeOrderChecker(history));
  history.AddChecker(MakeUnsubscribeChecker(history));
  history.AddChecker(MakeCauseChecker(history));
  history.AddChecker(MakeAnswersChecker(history));
  if (drops == Drops::kAllowed) return;
  history.AddChecker(MakeCompletenessChecker(history));
  history.AddChecker(MakeQueueOnceChecker(history));
  history.AddChecker(MakeNoRespondersChecker(history));
}

}  // namespace dunlin::sim

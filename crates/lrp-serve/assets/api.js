// Requests: one at a time for each place that asks, and only the latest counts.

async function answered(response) {
  const answer = await response.json().catch(() => ({ error: `the server answered ${response.status}` }));
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

const unreachable = (error) => {
  throw error instanceof TypeError ? new Error("the server cannot be reached; is it still running?") : error;
};

export const get = (path) => fetch(path).catch(unreachable).then(answered);

const post = (path, question) =>
  fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(question),
  }).catch(unreachable).then(answered);

// Returns a function that asks. While an answer is on its way, a further question waits, and a still later one takes
// its place: nothing ever queues up. `done` gets the answer, the question and the milliseconds it took.
export function asker(path, { done, failed, busy }) {
  let waiting = null;
  let running = false;
  const run = async () => {
    running = true;
    busy?.(true);
    while (waiting !== null) {
      const question = waiting;
      waiting = null;
      const start = performance.now();
      try {
        const answer = await post(path, question);
        done(answer, question, performance.now() - start);
      } catch (error) {
        failed(error.message);
      }
    }
    running = false;
    busy?.(false);
  };
  return (question) => {
    waiting = question;
    if (!running) run();
  };
}

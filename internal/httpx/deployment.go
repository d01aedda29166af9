package httpx

import "net/http"

// DeploymentHeader names the deployment that a request is meant for. The answer bears it
// as well where it comes from a process that this deployment has started.
const DeploymentHeader = "Enishi-Deployment"

// OfDeployment gives next what is meant for this deployment, or for any. What is meant for
// another is answered with 421 (Misdirected Request) and does nothing, so that it can be sent
// again. The deployment "" is that of a process which none has started. Which one it is, nobody is
// told who does not know it.
func OfDeployment(deployment string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if meant := r.Header.Get(DeploymentHeader); meant != "" {
			if meant != deployment {
				WriteProblem(w, NewProblem(http.StatusMisdirectedRequest, "the request is meant for another deployment than this"))
				return
			}
			w.Header().Set(DeploymentHeader, deployment)
		}
		next.ServeHTTP(w, r)
	})
}

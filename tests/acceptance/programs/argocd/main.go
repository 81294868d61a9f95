// Command argocd is the three programs of Argo CD that sync an application, in
// one binary; the first argument says which.
package main

import (
	"fmt"
	"os"

	controller "github.com/argoproj/argo-cd/v3/cmd/argocd-application-controller/commands"
	applicationset "github.com/argoproj/argo-cd/v3/cmd/argocd-applicationset-controller/commands"
	reposerver "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	"github.com/argoproj/argo-cd/v3/util/log"
	gitops "github.com/argoproj/gitops-engine/pkg/utils/io"
	"github.com/spf13/cobra"
	"k8s.io/klog/v2"
)

func main() {
	programs := map[string]func() *cobra.Command{
		"argocd-application-controller":    controller.NewCommand,
		"argocd-applicationset-controller": applicationset.NewCommand,
		"argocd-repo-server":               reposerver.NewCommand,
	}
	if len(os.Args) < 2 || programs[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: argocd argocd-repo-server|argocd-application-controller|argocd-applicationset-controller FLAGS")
		os.Exit(2)
	}
	// It would be /dev/shm, where a run that is killed leaves manifests and kubeconfigs.
	gitops.TempDir = os.TempDir()
	klog.SetLogger(log.NewLogrusLogger(log.NewWithCurrentConfig()))
	program := programs[os.Args[1]]
	os.Args = os.Args[1:]
	if err := program().Execute(); err != nil {
		os.Exit(1)
	}
}

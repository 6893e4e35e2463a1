using System.Globalization;
using Spectre.Console;

namespace VariationalInference.Samples;

/// <summary>Shows training as it goes: a live bar on a terminal, a few lines elsewhere.</summary>
internal sealed class TrainingDisplay(IAnsiConsole console)
{
    public HybridResult Show(Func<IProgress<HybridProgress>, HybridResult> train) =>
        console.Profile.Capabilities.Interactive
            ? console.Progress()
                .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new SpinnerColumn())
                .Start(context =>
                {
                    ProgressTask task = context.AddTask("training");
                    return train(new Report(progress =>
                    {
                        task.MaxValue = progress.MaxEpochs;
                        task.Value = progress.Epoch;
                        task.Description = Markup.Escape(Describe(progress));
                    }));
                })
            : train(new Report(progress =>
            {
                if (progress.Epoch is 0 or 1 || progress.Epoch % 10 == 0)
                {
                    console.WriteLine(Describe(progress));
                }
            }));

    private static string Describe(HybridProgress progress) => string.Create(
        CultureInfo.InvariantCulture,
        $"epoch {progress.Epoch}: held-out ELBO {progress.ValidationElbo:G7}, amortization gap {progress.AmortizationGap:G2} nats a row");

    /// <summary>Calls back on the training thread, in order.</summary>
    private sealed class Report(Action<HybridProgress> show) : IProgress<HybridProgress>
    {
        void IProgress<HybridProgress>.Report(HybridProgress value) => show(value);
    }
}

using Spectre.Console;

namespace VariationalInference.Samples;

/// <summary>Shows training as it goes: a live bar on a terminal, a few lines elsewhere.</summary>
/// <typeparam name="TProgress">What training reports.</typeparam>
/// <param name="console">The console.</param>
/// <param name="describe">Returns the epoch of a report, the most there can be, and the line to show.</param>
/// <param name="epochsPerLine">How many epochs there are to a line, where there is no terminal.</param>
public sealed class TrainingDisplay<TProgress>(
    IAnsiConsole console, Func<TProgress, (int Epoch, int MaxEpochs, string Text)> describe, int epochsPerLine = 10)
{
    /// <summary>Trains and shows it.</summary>
    /// <typeparam name="TResult">What training returns.</typeparam>
    /// <param name="train">Trains, with reports on the thread that calls this.</param>
    /// <returns>What training returned.</returns>
    public TResult Show<TResult>(Func<IProgress<TProgress>, TResult> train)
    {
        ArgumentNullException.ThrowIfNull(train);
        return console.Profile.Capabilities.Interactive
            ? console.Progress()
                .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new SpinnerColumn())
                .Start(context =>
                {
                    ProgressTask task = context.AddTask("training");
                    return train(new Report(progress =>
                    {
                        (int epoch, int maxEpochs, string text) = describe(progress);
                        task.MaxValue = maxEpochs;
                        task.Value = epoch;
                        task.Description = Markup.Escape(text);
                    }));
                })
            : train(new Report(progress =>
            {
                (int epoch, _, string text) = describe(progress);
                if (epoch is 0 or 1 || epoch % epochsPerLine == 0)
                {
                    console.WriteLine(text);
                }
            }));
    }

    /// <summary>Calls back on the training thread, in order.</summary>
    private sealed class Report(Action<TProgress> show) : IProgress<TProgress>
    {
        void IProgress<TProgress>.Report(TProgress value) => show(value);
    }
}

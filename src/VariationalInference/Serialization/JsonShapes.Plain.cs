namespace VariationalInference;

/// <content>Results that are plain numbers: these are read back.</content>
internal static partial class JsonShapes
{
    private static void AddPlain()
    {
        Add<AnovaTable>(
            (fields, value) =>
            {
                fields.Add("sumOfSquaresBetween", value.SumOfSquaresBetween);
                fields.Add("degreesOfFreedomBetween", value.DegreesOfFreedomBetween);
                fields.Add("sumOfSquaresWithin", value.SumOfSquaresWithin);
                fields.Add("degreesOfFreedomWithin", value.DegreesOfFreedomWithin);
                fields.Add("f", value.F);
            },
            source => new AnovaTable
            {
                SumOfSquaresBetween = source.Number("sumOfSquaresBetween"),
                DegreesOfFreedomBetween = source.LongNumber("degreesOfFreedomBetween"),
                SumOfSquaresWithin = source.Number("sumOfSquaresWithin"),
                DegreesOfFreedomWithin = source.LongNumber("degreesOfFreedomWithin"),
            });
        Add<CaviSummary>(
            (fields, value) =>
            {
                fields.Add("elbo", value.Elbo);
                fields.Add("errorBound", value.ErrorBound);
                fields.Add("iterations", value.Iterations);
                fields.Add("stopReason", value.StopReason);
                fields.Add("converged", value.Converged);
            },
            source => new CaviSummary
            {
                Elbo = source.Number("elbo"),
                ErrorBound = source.Number("errorBound"),
                Iterations = source.WholeNumber("iterations"),
                StopReason = source.Member<StopReason>("stopReason"),
                Converged = source.Flag("converged"),
            });
        Add<CaviTableSummary>(
            (fields, value) =>
            {
                fields.Add("rowCount", value.RowCount);
                fields.Add("unconvergedRowCount", value.UnconvergedRowCount);
                fields.Add("largestErrorBound", value.LargestErrorBound);
                fields.Add("converged", value.Converged);
            },
            source => new CaviTableSummary
            {
                RowCount = source.WholeNumber("rowCount"),
                UnconvergedRowCount = source.WholeNumber("unconvergedRowCount"),
                LargestErrorBound = source.Number("largestErrorBound"),
            });
        Add<ElboTerms>(
            (fields, value) =>
            {
                fields.Add("dataFit", value.DataFit);
                fields.Add("prior", value.Prior);
                fields.Add("uncertaintyCost", value.UncertaintyCost);
                fields.Add("spread", value.Spread);
                fields.Add("constant", value.Constant);
                fields.Add("total", value.Total);
            },
            source => new ElboTerms
            {
                DataFit = source.Number("dataFit"),
                Prior = source.Number("prior"),
                UncertaintyCost = source.Number("uncertaintyCost"),
                Spread = source.Number("spread"),
                Constant = source.Number("constant"),
            });
        Add<FactorFitTest>(
            (fields, value) =>
            {
                fields.Add("statistic", value.Statistic);
                fields.Add("degreesOfFreedom", value.DegreesOfFreedom);
                fields.Add("pValue", value.PValue);
            },
            source => new FactorFitTest
            {
                Statistic = source.Number("statistic"),
                DegreesOfFreedom = source.WholeNumber("degreesOfFreedom"),
                PValue = source.Number("pValue"),
            });
        Add<FixedEffect>(
            (fields, value) =>
            {
                fields.Add("name", value.Name);
                fields.Add("estimate", value.Estimate);
                fields.Add("standardError", value.StandardError);
                fields.Add("zValue", value.ZValue);
            },
            source => new FixedEffect
            {
                Name = source.Text("name"),
                Estimate = source.Number("estimate"),
                StandardError = source.Number("standardError"),
            });
        Add<Gaussian>(
            (fields, value) =>
            {
                fields.Add("mean", value.Mean);
                fields.Add("variance", value.Variance);
            },
            source => new Gaussian
            {
                Mean = source.Number("mean"),
                Variance = source.Number("variance"),
            });
        Add<GradientQuality>(
            (fields, value) =>
            {
                fields.Add("estimator", value.Estimator);
                fields.Add("signal", value.Signal);
                fields.Add("rowNoise", value.RowNoise);
                fields.Add("drawNoise", value.DrawNoise);
                fields.Add("signalToNoise", value.SignalToNoise);
            },
            source => new GradientQuality
            {
                Estimator = source.Member<GradientEstimator>("estimator"),
                Signal = source.Number("signal"),
                RowNoise = source.Number("rowNoise"),
                DrawNoise = source.Number("drawNoise"),
            });
        Add<ImputedCell>(
            (fields, value) =>
            {
                fields.Add("row", value.Row);
                fields.Add("column", value.Column);
                fields.AddObject("value", value.Value);
            },
            source => new ImputedCell
            {
                Row = source.WholeNumber("row"),
                Column = source.WholeNumber("column"),
                Value = source.Object<Prediction>("value"),
            });
        Add<LearnedOptimum>(
            (fields, value) =>
            {
                fields.Add("elbo", value.Elbo);
                fields.Add("remainingNats", value.RemainingNats);
                fields.Add("converged", value.Converged);
                fields.Add("starts", value.Starts);
            },
            source => new LearnedOptimum
            {
                Elbo = source.Number("elbo"),
                RemainingNats = source.Number("remainingNats"),
                Converged = source.Flag("converged"),
                Starts = source.WholeNumber("starts"),
            });
        Add<Prediction>(
            (fields, value) =>
            {
                fields.Add("mean", value.Mean);
                fields.Add("meanSd", value.MeanSd);
                fields.Add("sd", value.Sd);
            },
            source => new Prediction
            {
                Mean = source.Number("mean"),
                MeanSd = source.Number("meanSd"),
                Sd = source.Number("sd"),
            });
        Add<RandomEffectPosterior>(
            (fields, value) =>
            {
                fields.Add("mean", value.Mean);
                fields.Add("conditionalSd", value.ConditionalSd);
                fields.Add("sd", value.Sd);
            },
            source => new RandomEffectPosterior
            {
                Mean = source.Number("mean"),
                ConditionalSd = source.Number("conditionalSd"),
                Sd = source.Number("sd"),
            });
        Add<VarianceComponent>(
            (fields, value) =>
            {
                fields.Add("group", value.Group);
                fields.Add("effect", value.Effect);
                fields.Add("otherEffect", value.OtherEffect);
                fields.Add("value", value.Value);
                fields.Add("standardError", value.StandardError);
                fields.Add("sdOrCorrelation", value.SdOrCorrelation);
            },
            source => new VarianceComponent
            {
                Group = source.Text("group"),
                Effect = source.Text("effect"),
                OtherEffect = source.TextOrNull("otherEffect"),
                Value = source.Number("value"),
                StandardError = source.Number("standardError"),
                SdOrCorrelation = source.Number("sdOrCorrelation"),
            });
        Add<VarianceInterval>(
            (fields, value) =>
            {
                fields.AddObject("component", value.Component);
                fields.Add("lower", value.Lower);
                fields.Add("upper", value.Upper);
            },
            source => new VarianceInterval
            {
                Component = source.Object<VarianceComponent>("component"),
                Lower = source.Number("lower"),
                Upper = source.Number("upper"),
            });
        Add<EvidenceEstimate>(
            (fields, value) =>
            {
                fields.Add("logEvidence", value.LogEvidence);
                fields.Add("standardError", value.StandardError);
                fields.Add("paretoShape", value.ParetoShape);
                fields.Add("effectiveDrawCount", value.EffectiveDrawCount);
                fields.Add("drawCount", value.DrawCount);
                fields.Add("isReliable", value.IsReliable);
            },
            source => new EvidenceEstimate
            {
                LogEvidence = source.Number("logEvidence"),
                StandardError = source.Number("standardError"),
                ParetoShape = source.Number("paretoShape"),
                EffectiveDrawCount = source.Number("effectiveDrawCount"),
                DrawCount = source.WholeNumber("drawCount"),
            });
        Add<HybridGaps>(
            (fields, value) =>
            {
                fields.Add("elbo", value.Elbo);
                fields.Add("logEvidence", value.LogEvidence);
                fields.Add("approximation", value.Approximation);
                fields.Add("amortization", value.Amortization);
                fields.Add("optimization", value.Optimization);
                fields.Add("isFlagged", value.IsFlagged);
            },
            source => new HybridGaps
            {
                Elbo = source.Number("elbo"),
                LogEvidence = source.Number("logEvidence"),
                Approximation = source.Number("approximation"),
                Amortization = source.Number("amortization"),
                Optimization = source.Number("optimization"),
                IsFlagged = source.Flag("isFlagged"),
            });
        Add<HybridRow>(
            (fields, value) =>
            {
                fields.AddObject("meanField", value.MeanField);
                fields.AddObject("gaps", value.Gaps);
                fields.Add("isFlagged", value.IsFlagged);
            },
            source => new HybridRow { MeanField = source.Object<MeanFieldGaussian>("meanField"), Gaps = source.Object<HybridGaps>("gaps") });
        Add<LearnedParameter>(
            (fields, value) =>
            {
                fields.Add("value", value.Value);
                fields.Add("standardError", value.StandardError);
            },
            source => new LearnedParameter(source.Number("value"), source.Number("standardError")));
        Add<LikelihoodParameter>(
            (fields, value) =>
            {
                fields.Add("name", value.Name);
                fields.Add("value", value.Value);
                fields.Add("lower", value.Lower);
                fields.Add("upper", value.Upper);
            },
            source => new LikelihoodParameter(source.Text("name"), source.Number("value"), source.Number("lower"), source.Number("upper")));
        Add<SiteExpectation>(
            (fields, value) =>
            {
                fields.Add("value", value.Value);
                fields.Add("gradient", value.Gradient);
                fields.Add("precision", value.Precision);
            },
            source => new SiteExpectation(source.Number("value"), source.Number("gradient"), source.Number("precision")));
        Add<LearningWarning>(
            (fields, value) =>
            {
                fields.Add("kind", value.Kind);
                fields.Add("message", value.Message);
                fields.Add("indices", value.Indices);
            },
            source => new LearningWarning(source.Member<LearningWarningKind>("kind"), source.Text("message"), source.WholeNumbers("indices")));
        Add<DecoderEvaluation>(
            (fields, value) =>
            {
                fields.Add("rowCount", value.RowCount);
                fields.Add("drawCount", value.DrawCount);
                fields.Add("elbo", value.Elbo);
                fields.Add("elboStandardError", value.ElboStandardError);
                fields.Add("elboMonteCarloError", value.ElboMonteCarloError);
                fields.Add("importanceWeightedBound", value.ImportanceWeightedBound);
                fields.Add("importanceWeightedStandardError", value.ImportanceWeightedStandardError);
                fields.Add("lowestElbo", value.LowestElbo);
                fields.Add("latentDivergences", value.LatentDivergences);
                fields.Add("refinedRowCount", value.RefinedRowCount);
                fields.Add("amortizationGap", value.AmortizationGap);
                fields.Add("amortizationGapStandardError", value.AmortizationGapStandardError);
                fields.Add("approximationGap", value.ApproximationGap);
                fields.Add("paretoShape", value.ParetoShape);
            },
            source => new DecoderEvaluation
            {
                RowCount = source.WholeNumber("rowCount"),
                DrawCount = source.WholeNumber("drawCount"),
                Elbo = source.Number("elbo"),
                ElboStandardError = source.Number("elboStandardError"),
                ElboMonteCarloError = source.Number("elboMonteCarloError"),
                ImportanceWeightedBound = source.Number("importanceWeightedBound"),
                ImportanceWeightedStandardError = source.Number("importanceWeightedStandardError"),
                LowestElbo = source.Number("lowestElbo"),
                LatentDivergences = source.Numbers("latentDivergences"),
                RefinedRowCount = source.WholeNumber("refinedRowCount"),
                AmortizationGap = source.Number("amortizationGap"),
                AmortizationGapStandardError = source.Number("amortizationGapStandardError"),
                ApproximationGap = source.Number("approximationGap"),
                ParetoShape = source.Number("paretoShape"),
            });
        Add<DecoderPosterior>(
            (fields, value) =>
            {
                fields.AddObject("amortized", value.Amortized);
                fields.AddObject("linear", value.Linear);
                fields.Add("elbo", value.Elbo);
                fields.Add("isUnlikeTraining", value.IsUnlikeTraining);
            });
        Add<DecoderProgress>(
            (fields, value) =>
            {
                fields.Add("epoch", value.Epoch);
                fields.Add("maxEpochs", value.MaxEpochs);
                fields.Add("trainingElbo", value.TrainingElbo);
                fields.Add("validationElbo", value.ValidationElbo);
                fields.Add("validationStandardError", value.ValidationStandardError);
                fields.Add("learningRate", value.LearningRate);
                fields.Add("isExploring", value.IsExploring);
                fields.Add("elapsedTicks", value.Elapsed.Ticks);
            },
            source => new DecoderProgress
            {
                Epoch = source.WholeNumber("epoch"),
                MaxEpochs = source.WholeNumber("maxEpochs"),
                TrainingElbo = source.Number("trainingElbo"),
                ValidationElbo = source.Number("validationElbo"),
                ValidationStandardError = source.Number("validationStandardError"),
                LearningRate = source.Number("learningRate"),
                IsExploring = source.Flag("isExploring"),
                Elapsed = new TimeSpan(source.LongNumber("elapsedTicks")),
            });
        Add<HybridProgress>(
            (fields, value) =>
            {
                fields.Add("epoch", value.Epoch);
                fields.Add("maxEpochs", value.MaxEpochs);
                fields.Add("trainingElbo", value.TrainingElbo);
                fields.Add("optimizationGap", value.OptimizationGap);
                fields.Add("validationElbo", value.ValidationElbo);
                fields.Add("validationLogEvidence", value.ValidationLogEvidence);
                fields.Add("amortizationGap", value.AmortizationGap);
                fields.Add("approximationGap", value.ApproximationGap);
                fields.Add("learningRate", value.LearningRate);
                fields.Add("elapsedTicks", value.Elapsed.Ticks);
            },
            source => new HybridProgress
            {
                Epoch = source.WholeNumber("epoch"),
                MaxEpochs = source.WholeNumber("maxEpochs"),
                TrainingElbo = source.Number("trainingElbo"),
                OptimizationGap = source.Number("optimizationGap"),
                ValidationElbo = source.Number("validationElbo"),
                ValidationLogEvidence = source.Number("validationLogEvidence"),
                AmortizationGap = source.Number("amortizationGap"),
                ApproximationGap = source.Number("approximationGap"),
                LearningRate = source.Number("learningRate"),
                Elapsed = new TimeSpan(source.LongNumber("elapsedTicks")),
            });
        Add<SummaryTable>(
            (fields, value) =>
            {
                fields.Add("columns", value.Columns);
                fields.Add("names", value.Names);
                fields.AddRows("values", value.Rows);
                fields.Add("text", value.Text);
            },
            source => SummaryTable.OfParts(source.TextsIfAny("columns"), source.TextsIfAny("names"), source.Rows("values"), source.TextOrNull("text")));
    }
}
